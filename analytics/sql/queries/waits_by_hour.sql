-- The waits of one office by hour, and the bins from which quantiles follow.
select
    bucket,
    sum(n) filter (where outcome = 'served')::bigint as served,
    sum(n) filter (where outcome = 'reneged')::bigint as reneged,
    sum(n) filter (where outcome = 'lost')::bigint as lost,
    sum(n) filter (where outcome <> 'balked')::bigint as joined,
    sum(n) filter (where not started and outcome <> 'balked')::bigint as censored_n,
    sum(stitched_n) filter (where outcome <> 'balked')::bigint as stitched_n,
    sum(n) filter (where outcome = 'served' and started)::bigint as wait_n,
    sum(wait_sum) filter (where outcome = 'served' and started) as wait_sum,
    sum(wait_sum2) filter (where outcome = 'served' and started) as wait_sum2,
    max(wait_max) filter (where outcome = 'served' and started) as wait_max,
    sum(within_15_n) filter (where outcome = 'served' and started)::bigint as within_15_n
from visit_1h
where office_id = %(office_id)s and provenance = %(provenance)s and bucket >= %(since)s and bucket < %(until)s
group by bucket
order by bucket;
