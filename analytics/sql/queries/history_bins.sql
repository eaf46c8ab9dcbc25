-- Waits of some offices, each with one provenance, by minute waited, over a span of Viet Nam's days: what quantiles need.
with kinds as materialized (
    select
        wait_bin,
        started,
        started and outcome = 'served' as served,
        sum(n::bigint)::bigint as n,
        sum(wait_sum) as wait_sum
    from visit_1d
    join unnest(%(office_ids)s::text[], %(provenances)s::text[]) as pair (office_id, provenance) using (office_id, provenance)
    where
        office_id = any(%(office_ids)s) and bucket >= %(since)s and bucket < %(until)s
        and outcome <> 'balked'
    group by 1, 2, 3
)

select
    wait_bin,
    coalesce(sum(n) filter (where served), 0)::bigint as n,
    coalesce(sum(wait_sum) filter (where served), 0) as wait_sum,
    coalesce(sum(n) filter (where started), 0)::bigint as started_n,
    coalesce(sum(wait_sum) filter (where started), 0) as started_sum,
    coalesce(sum(n) filter (where not started), 0)::bigint as censored
from kinds
group by wait_bin
order by wait_bin;
