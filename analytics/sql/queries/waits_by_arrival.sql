-- Waits of one office by hour of arrival and minute waited: what Kaplan-Meier needs. "ended" waits ended with a service, or by
-- leaving; whoever was lost is censored. A visit that closed more than two days after its arrival is not looked for.
select
    arrived,
    queued,
    wait_bin,
    coalesce(sum(n) filter (where started), 0)::bigint as served_n,
    coalesce(sum(wait_sum) filter (where started), 0) as served_sum,
    coalesce(sum(n) filter (where not started and outcome = 'reneged'), 0)::bigint as reneged_n,
    coalesce(sum(wait_sum) filter (where not started and outcome = 'reneged'), 0) as reneged_sum,
    coalesce(sum(n) filter (where not started and outcome <> 'reneged'), 0)::bigint as lost_n,
    coalesce(sum(wait_sum) filter (where not started and outcome <> 'reneged'), 0) as lost_sum
from wait_1h
where
    office_id = %(office_id)s and provenance = %(provenance)s and arrived >= %(since)s and arrived < %(until)s
    and bucket >= %(since)s and bucket < %(until)s::timestamptz + interval '2 days'
group by arrived, queued, wait_bin
order by arrived, queued, wait_bin;
