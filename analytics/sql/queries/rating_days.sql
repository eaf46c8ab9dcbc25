-- Answers by office, counter, Viet Nam day, channel and provenance, with counts by score.
select
    office_id,
    counter_id,
    (at at time zone 'Asia/Ho_Chi_Minh')::date as day,
    channel,
    provenance,
    count(*)::bigint as n,
    count(*) filter (where score = 1)::bigint as n1,
    count(*) filter (where score = 2)::bigint as n2,
    count(*) filter (where score = 3)::bigint as n3,
    count(*) filter (where score = 4)::bigint as n4,
    count(*) filter (where score = 5)::bigint as n5
from rating
where office_id = any(%(office_ids)s) and at >= %(since)s and at < %(until)s
group by 1, 2, 3, 4, 5
order by 1, 2, 3, 4, 5;
