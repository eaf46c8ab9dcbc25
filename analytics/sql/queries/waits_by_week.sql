-- Waits of the served by Viet Nam's weekday and hour of arrival: when it is best to come.
select
    office_id,
    provenance,
    extract(isodow from arrived at time zone 'Asia/Ho_Chi_Minh')::int as weekday,
    extract(hour from arrived at time zone 'Asia/Ho_Chi_Minh')::int as hour,
    sum(n)::bigint as n,
    sum(wait_sum) as wait_sum
from wait_1h
where
    started and outcome = 'served' and provenance = any(%(provenances)s)
    and arrived >= %(since)s and arrived < %(until)s
    and bucket >= %(since)s and bucket < %(until)s::timestamptz + interval '2 days'
group by 1, 2, 3, 4
order by 1, 2, 3, 4;
