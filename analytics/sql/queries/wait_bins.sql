-- Events and censorings by minute of waiting, of one office over whole hours: what Kaplan-Meier needs.
select
    wait_bin,
    coalesce(sum(n) filter (where started), 0)::bigint as events,
    coalesce(sum(n) filter (where not started), 0)::bigint as censored
from visit_1h
where
    office_id = %(office_id)s and provenance = %(provenance)s and bucket >= %(since)s and bucket < %(until)s
    and outcome <> 'balked'
group by wait_bin
order by wait_bin;
