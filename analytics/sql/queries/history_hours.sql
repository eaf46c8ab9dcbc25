-- Waits of the served of some offices, each with one provenance, by the hour in which a visit closed: for a span of a day or two.
select
    bucket,
    coalesce(sum(n) filter (where outcome <> 'balked'), 0)::bigint as joined,
    coalesce(sum(n) filter (where outcome = 'served'), 0)::bigint as served,
    coalesce(sum(n) filter (where outcome = 'served' and started), 0)::bigint as wait_n,
    coalesce(sum(wait_sum) filter (where outcome = 'served' and started), 0) as wait_sum,
    coalesce(sum(wait_sum2) filter (where outcome = 'served' and started), 0) as wait_sum2,
    max(wait_max) filter (where outcome = 'served' and started) as wait_max,
    coalesce(sum(within_15_n) filter (where outcome = 'served' and started), 0)::bigint as within_15_n
from visit_1h
join unnest(%(office_ids)s::text[], %(provenances)s::text[]) as pair (office_id, provenance) using (office_id, provenance)
where office_id = any(%(office_ids)s) and bucket >= %(since)s and bucket < %(until)s
group by bucket
order by bucket;
