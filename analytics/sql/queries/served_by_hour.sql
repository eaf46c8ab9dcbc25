-- People served by office, counter, hour and provenance; counter null: seen leaving without one.
select office_id, counter_id, bucket, provenance, sum(n)::bigint as served
from visit_1h
where office_id = any(%(office_ids)s) and bucket >= %(since)s and bucket < %(until)s and outcome = 'served'
group by 1, 2, 3, 4
union all
select
    office_id,
    one ->> 'counter_id' as counter_id,
    date_trunc('hour', period_start) as bucket,
    provenance,
    sum((one ->> 'started')::bigint)::bigint as served
from part_count
cross join lateral jsonb_array_elements(started) as one
where
    office_id = any(%(office_ids)s) and at > %(since)s and at <= %(until)s::timestamptz + interval '1 hour'
    and period_start >= %(since)s and period_start < %(until)s
group by 1, 2, 3, 4
order by 1, 2, 3, 4;
