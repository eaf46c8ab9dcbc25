-- TimescaleDB: queues by Viet Nam's days, on top of those by hour. "motcua db migrate" fills it.
create materialized view queue_1d
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
    time_bucket('1 day', bucket, 'Asia/Ho_Chi_Minh') as bucket,
    office_id,
    source_id,
    lane,
    provenance,
    sum(n) as n,
    sum(seen_n) as seen_n,
    sum(waiting_sum) as waiting_sum,
    max(waiting_max) as waiting_max,
    sum(ok_n) as ok_n,
    sum(expected_sum) as expected_sum,
    sum(blind_n) as blind_n
from queue_1h
group by 1, 2, 3, 4, 5
with no data;
