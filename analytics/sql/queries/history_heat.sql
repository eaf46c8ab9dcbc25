-- Waits of the served of some offices, each with one provenance, by Viet Nam's weekday and hour of arrival, with the products of single
-- hours from which the spread between them follows. Summed by the time since Monday 00:00 in Viet Nam, as in waits_by_week.
with hours as materialized (
    select
        arrived - date_bin('7 days', arrived, timestamptz '2000-01-03 00:00:00+07') as slot,
        n::bigint as n,
        wait_sum
    from wait_1d
    join unnest(%(office_ids)s::text[], %(provenances)s::text[]) as pair (office_id, provenance) using (office_id, provenance)
    where
        office_id = any(%(office_ids)s) and arrived >= %(since)s and arrived < %(until)s
        and bucket > %(since)s::timestamptz - interval '1 day' and bucket < %(until)s::timestamptz + interval '2 days'
),

slots as (
    select
        slot,
        count(*) as hours,
        sum(n) as n,
        sum(wait_sum) as wait_sum,
        sum(n * n) as nn,
        sum(wait_sum * n) as sn,
        sum(wait_sum * wait_sum) as ss
    from hours
    group by slot
)

select
    extract(day from slot)::int + 1 as weekday,
    extract(hour from slot)::int as hour,
    hours,
    n::bigint as n,
    wait_sum,
    nn,
    sn,
    ss
from slots
order by 1, 2;
