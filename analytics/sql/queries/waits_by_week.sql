-- Waits of the served by Viet Nam's weekday and hour of arrival: when it is best to come. Rows are fetched before they are summed
-- (the planner then hashes them, where it would sort them all), and summed by the time since Monday 00:00 in Viet Nam (always UTC+7)
-- before weekday and hour are told from what remains.
with days as materialized (
    select
        office_id,
        provenance,
        arrived - date_bin('7 days', arrived, timestamptz '2000-01-03 00:00:00+07') as slot,
        n,
        wait_sum
    from wait_1d
    where
        provenance = any(%(provenances)s)
        and arrived >= %(since)s and arrived < %(until)s
        and bucket > %(since)s::timestamptz - interval '1 day' and bucket < %(until)s::timestamptz + interval '2 days'
),

slots as (
    select
        office_id,
        provenance,
        slot,
        sum(n)::bigint as n,
        sum(wait_sum) as wait_sum
    from days
    group by office_id, provenance, slot
)

select
    office_id,
    provenance,
    extract(day from slot)::int + 1 as weekday,
    extract(hour from slot)::int as hour,
    n,
    wait_sum
from slots
order by 1, 2, 3, 4;
