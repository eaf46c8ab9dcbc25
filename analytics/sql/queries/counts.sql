-- Closed visits of a span of whole hours, by office and provenance.
select
    office_id,
    provenance,
    sum(n)::bigint as visits,
    coalesce(sum(n) filter (where outcome = 'served'), 0)::bigint as served,
    coalesce(sum(n) filter (where outcome = 'reneged'), 0)::bigint as reneged,
    coalesce(sum(n) filter (where outcome = 'balked'), 0)::bigint as balked,
    coalesce(sum(n) filter (where outcome = 'lost'), 0)::bigint as lost,
    coalesce(sum(n) filter (where outcome = 'served' and started), 0)::bigint as wait_n,
    coalesce(sum(wait_sum) filter (where outcome = 'served' and started), 0) as wait_sum,
    coalesce(sum(wait_sum2) filter (where outcome = 'served' and started), 0) as wait_sum2,
    coalesce(sum(within_15_n) filter (where outcome = 'served' and started), 0)::bigint as within_15_n,
    coalesce(sum(n) filter (where not started and outcome <> 'balked'), 0)::bigint as censored_n,
    coalesce(sum(stitched_n), 0)::bigint as stitched_n
from visit_1h
where bucket >= %(since)s and bucket < %(until)s and (%(office_id)s::text is null or office_id = %(office_id)s)
group by office_id, provenance
order by office_id, provenance;
