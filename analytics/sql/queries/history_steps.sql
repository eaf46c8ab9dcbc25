-- The same of some offices together, each with one provenance, by steps of a day, a week (from Monday) or a month in Viet Nam.
with days as materialized (
    select
        bucket,
        sum(joined::bigint)::bigint as joined,
        sum(served::bigint)::bigint as served,
        sum(reneged::bigint)::bigint as reneged,
        sum(lost::bigint)::bigint as lost,
        sum(censored_n::bigint)::bigint as censored_n,
        sum(wait_n::bigint)::bigint as wait_n,
        sum(wait_sum) as wait_sum,
        sum(wait_sum2) as wait_sum2,
        max(wait_max) as wait_max,
        sum(within_15_n::bigint)::bigint as within_15_n,
        sum(within_30_n::bigint)::bigint as within_30_n,
        sum(service_n::bigint)::bigint as service_n,
        sum(service_sum) as service_sum,
        sum(service_sum2) as service_sum2
    from office_1d
    join unnest(%(office_ids)s::text[], %(provenances)s::text[]) as pair (office_id, provenance) using (office_id, provenance)
    where office_id = any(%(office_ids)s) and bucket >= %(since)s and bucket < %(until)s
    group by bucket
)

select
    date_trunc(%(step)s, bucket at time zone 'Asia/Ho_Chi_Minh')::date as start,
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
    coalesce(sum(wait_n * wait_n), 0) as wait_nn,
    coalesce(sum(wait_sum * wait_n), 0) as wait_sn,
    coalesce(sum(wait_sum * wait_sum), 0) as wait_ss,
    coalesce(sum(within_15_n * wait_n), 0) as within_15_kn,
    coalesce(sum(within_15_n * within_15_n), 0) as within_15_kk,
    coalesce(sum(within_30_n * wait_n), 0) as within_30_kn,
    coalesce(sum(within_30_n * within_30_n), 0) as within_30_kk,
    coalesce(sum(service_n), 0)::bigint as service_n,
    coalesce(sum(service_sum), 0) as service_sum,
    coalesce(sum(service_sum2), 0) as service_sum2,
    count(*) filter (where service_n > 0) as service_days,
    coalesce(sum(service_n * service_n), 0) as service_nn,
    coalesce(sum(service_sum * service_n), 0) as service_sn,
    coalesce(sum(service_sum * service_sum), 0) as service_ss
from days
group by start
order by start;
