-- How much the days differ in how many waited no longer than two bounds (whole minutes): the days' products, over the served.
with parts as materialized (
    select
        bucket,
        wait_bin <= %(median_bin)s as below_median,
        wait_bin <= %(p90_bin)s as below_p90,
        sum(n::bigint)::bigint as n
    from visit_1d
    join unnest(%(office_ids)s::text[], %(provenances)s::text[]) as pair (office_id, provenance) using (office_id, provenance)
    where
        office_id = any(%(office_ids)s) and bucket >= %(since)s and bucket < %(until)s
        and started and outcome = 'served'
    group by 1, 2, 3
),

days as (
    select
        bucket,
        sum(n)::bigint as n,
        coalesce(sum(n) filter (where below_median), 0)::bigint as below_median,
        coalesce(sum(n) filter (where below_p90), 0)::bigint as below_p90
    from parts
    group by bucket
)

select
    count(*) as days,
    coalesce(sum(n), 0) as n,
    coalesce(sum(n * n), 0) as nn,
    coalesce(sum(below_median), 0) as median_k,
    coalesce(sum(below_median * n), 0) as median_kn,
    coalesce(sum(below_median * below_median), 0) as median_kk,
    coalesce(sum(below_p90), 0) as p90_k,
    coalesce(sum(below_p90 * n), 0) as p90_kn,
    coalesce(sum(below_p90 * below_p90), 0) as p90_kk
from days;
