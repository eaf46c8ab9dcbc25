-- Expected waits of a span by source and five minutes: sums, and how many samples had a figure.
select
    office_id,
    source_id,
    provenance,
    time_bucket('5 minutes', bucket) as step,
    sum(ok_n)::bigint as ok_n,
    sum(expected_sum) as expected_sum
from queue_1m
where bucket >= %(since)s and bucket < %(until)s and (%(office_id)s::text is null or office_id = %(office_id)s)
group by 1, 2, 3, 4
having sum(ok_n) > 0
order by 1, 2, 3, 4;
