-- Service starts at each counter of an office, as cameras of parts of a queue counted them.
select
    one ->> 'counter_id' as counter_id,
    provenance,
    sum((one ->> 'started')::bigint)::bigint as served,
    max(period_start) as last_bucket
from part_count
cross join lateral jsonb_array_elements(started) as one
where
    office_id = %(office_id)s and at > %(since)s and at <= %(until)s::timestamptz + interval '1 hour'
    and period_start >= %(since)s and period_start < %(until)s
group by 1, 2
order by 1, 2;
