-- One office's Viet Nam days: files received where a feed tells them, visits served, and who was there to serve: officers by the roster,
-- counters by the visits. null is unknown.
with seen as materialized (
    select bucket, counter_id, sum(n) as served
    from visit_1d
    where
        office_id = %(office_id)s and provenance = %(provenance)s and bucket >= %(since)s and bucket < %(until)s
        and outcome = 'served'
    group by bucket, counter_id
),

visits as (
    select (bucket at time zone 'Asia/Ho_Chi_Minh')::date as day, sum(served) as served, count(counter_id) as counters
    from seen
    group by 1
),

officers as (
    select (start_at at time zone 'Asia/Ho_Chi_Minh')::date as day, count(distinct officer_id) as officers
    from shift
    where office_id = %(office_id)s and start_at >= %(since)s and start_at < %(until)s
    group by 1
),

files as (
    select day, received
    from file_day
    where
        office_id = %(office_id)s
        and day >= (%(since)s::timestamptz at time zone 'Asia/Ho_Chi_Minh')::date
        and day < (%(until)s::timestamptz at time zone 'Asia/Ho_Chi_Minh')::date
)

select day, received::bigint as received, served::bigint as served, officers, counters
from visits
full join officers using (day)
full join files using (day)
order by day;
