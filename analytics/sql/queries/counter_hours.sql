-- Who was served at each counter of an office by hour: counts and sums of waits and of service times.
select
    counter_id,
    provenance,
    bucket,
    sum(n)::bigint as served,
    coalesce(sum(n) filter (where started), 0)::bigint as wait_n,
    coalesce(sum(wait_sum) filter (where started), 0) as wait_sum,
    coalesce(sum(wait_sum2) filter (where started), 0) as wait_sum2,
    coalesce(sum(within_15_n) filter (where started), 0)::bigint as within_15_n,
    coalesce(sum(service_n), 0)::bigint as service_n,
    coalesce(sum(service_sum), 0) as service_sum,
    coalesce(sum(service_sum2), 0) as service_sum2
from visit_1h
where
    office_id = %(office_id)s and bucket >= %(since)s and bucket < %(until)s and outcome = 'served' and counter_id is not null
group by 1, 2, 3
order by 1, 2, 3;
