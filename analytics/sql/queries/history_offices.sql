-- Waits of a span of Viet Nam's days, by office and provenance: sums over the days, and the days' products from which the spread between
-- days follows. Counts are made whole numbers first (sums of "numeric" take several times as long), and rows are fetched before they are
-- summed: the planner then hashes them, where it would sort them all.
with days as materialized (
    select
        office_id,
        provenance,
        joined::bigint as joined,
        wait_n::bigint as wait_n,
        wait_sum,
        wait_sum2,
        within_15_n::bigint as within_15_n
    from office_1d
    where office_id = any(%(office_ids)s) and bucket >= %(since)s and bucket < %(until)s
)

select
    office_id,
    provenance,
    count(*) as days,
    sum(joined)::bigint as joined,
    coalesce(sum(wait_n), 0)::bigint as wait_n,
    coalesce(sum(wait_sum), 0) as wait_sum,
    coalesce(sum(wait_sum2), 0) as wait_sum2,
    coalesce(sum(within_15_n), 0)::bigint as within_15_n,
    count(*) filter (where wait_n > 0) as wait_days,
    coalesce(sum(wait_n * wait_n), 0) as wait_nn,
    coalesce(sum(wait_sum * wait_n), 0) as wait_sn,
    coalesce(sum(wait_sum * wait_sum), 0) as wait_ss,
    coalesce(sum(within_15_n * wait_n), 0) as within_15_kn,
    coalesce(sum(within_15_n * within_15_n), 0) as within_15_kk
from days
group by office_id, provenance
order by office_id, provenance;
