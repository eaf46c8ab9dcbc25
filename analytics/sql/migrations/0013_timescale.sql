-- TimescaleDB: waits of the served by Viet Nam's days, on top of those by hour. "motcua db migrate" fills it.
create materialized view wait_1d
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
    time_bucket('1 day', bucket, 'Asia/Ho_Chi_Minh') as bucket,
    arrived,
    office_id,
    provenance,
    sum(n) as n,
    sum(wait_sum) as wait_sum
from wait_1h
where started and outcome = 'served'
group by 1, 2, 3, 4
with no data;
