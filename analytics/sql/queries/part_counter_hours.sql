-- Services at each counter of an office by hour, as cameras of parts of a queue counted them: their waits are not known.
select
    one ->> 'counter_id' as counter_id,
    provenance,
    time_bucket('1 hour', period_start) as bucket,
    sum((one ->> 'started')::bigint)::bigint as served,
    sum(coalesce((one ->> 'finished')::bigint, 0))::bigint as service_n,
    sum(coalesce((one ->> 'service_s')::double precision, 0)) as service_sum
from part_count
cross join lateral jsonb_array_elements(started) as one
where
    office_id = %(office_id)s and at > %(since)s and at <= %(until)s::timestamptz + interval '1 hour'
    and period_start >= %(since)s and period_start < %(until)s
group by 1, 2, 3
order by 1, 2, 3;
