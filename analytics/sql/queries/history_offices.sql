-- Visits of a span of Viet Nam's days, by office and provenance: sums over the days, and the days' products from which the spread between
-- days follows.
select
    office_id,
    provenance,
    count(*) as days,
    sum(joined)::bigint as joined,
    coalesce(sum(served), 0)::bigint as served,
    coalesce(sum(reneged), 0)::bigint as reneged,
    coalesce(sum(lost), 0)::bigint as lost,
    coalesce(sum(censored_n), 0)::bigint as censored_n,
    coalesce(sum(wait_n), 0)::bigint as wait_n,
    coalesce(sum(wait_sum), 0) as wait_sum,
    coalesce(sum(wait_sum2), 0) as wait_sum2,
    max(wait_max) as wait_max,
    coalesce(sum(within_15_n), 0)::bigint as within_15_n,
    coalesce(sum(within_30_n), 0)::bigint as within_30_n,
    count(*) filter (where wait_n > 0) as wait_days,
    coalesce(sum(wait_n ^ 2), 0) as wait_nn,
    coalesce(sum(wait_sum * wait_n::float8), 0) as wait_sn,
    coalesce(sum(wait_sum ^ 2), 0) as wait_ss,
    coalesce(sum(within_15_n * wait_n), 0) as within_15_kn,
    coalesce(sum(within_15_n ^ 2), 0) as within_15_kk,
    coalesce(sum(within_30_n * wait_n), 0) as within_30_kn,
    coalesce(sum(within_30_n ^ 2), 0) as within_30_kk,
    coalesce(sum(service_n), 0)::bigint as service_n,
    coalesce(sum(service_sum), 0) as service_sum,
    coalesce(sum(service_sum2), 0) as service_sum2,
    count(*) filter (where service_n > 0) as service_days,
    coalesce(sum(service_n ^ 2), 0) as service_nn,
    coalesce(sum(service_sum * service_n::float8), 0) as service_sn,
    coalesce(sum(service_sum ^ 2), 0) as service_ss
from office_1d
where office_id = any(%(office_ids)s) and bucket >= %(since)s and bucket < %(until)s
group by office_id, provenance
order by office_id, provenance;
