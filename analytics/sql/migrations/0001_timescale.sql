-- TimescaleDB: hypertables and real-time continuous aggregates. Policies are set from the settings at each migrate.

select create_hypertable('visit', by_range('at', interval '7 days'));
select create_hypertable('queue_sample', by_range('at', interval '1 day'));
select create_hypertable('sentiment', by_range('at', interval '30 days'));
select create_hypertable('rating', by_range('at', interval '30 days'));
select create_hypertable('ticket', by_range('at', interval '7 days'));
select create_hypertable('health', by_range('at', interval '7 days'));

alter table visit set (timescaledb.enable_columnstore = true, timescaledb.segmentby = 'office_id', timescaledb.orderby = 'at desc');
alter table queue_sample set (timescaledb.enable_columnstore = true, timescaledb.segmentby = 'office_id', timescaledb.orderby = 'at desc');

-- Sums over visits by hour. "started" tells a known wait from one that was censored at departure.
create materialized view visit_1h
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
    time_bucket('1 hour', at) as bucket,
    office_id,
    counter_id,
    lane,
    provenance,
    outcome,
    waiting_s is not null as started,
    wait_bin(coalesce(waiting_s, sojourn_s)) as wait_bin,
    count(*) as n,
    sum(coalesce(waiting_s, sojourn_s)) as wait_sum,
    sum(coalesce(waiting_s, sojourn_s) ^ 2) as wait_sum2,
    max(coalesce(waiting_s, sojourn_s)) as wait_max,
    count(*) filter (where coalesce(waiting_s, sojourn_s) <= 900) as within_15_n,
    count(service_s) as service_n,
    sum(service_s) as service_sum,
    sum(service_s ^ 2) as service_sum2,
    count(*) filter (where stitched_s > 0) as stitched_n
from visit
group by 1, 2, 3, 4, 5, 6, 7, 8
with no data;

-- Viet Nam's days.
create materialized view visit_1d
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
    time_bucket('1 day', bucket, 'Asia/Ho_Chi_Minh') as bucket,
    office_id,
    counter_id,
    lane,
    provenance,
    outcome,
    started,
    wait_bin,
    sum(n) as n,
    sum(wait_sum) as wait_sum,
    sum(wait_sum2) as wait_sum2,
    max(wait_max) as wait_max,
    sum(within_15_n) as within_15_n,
    sum(service_n) as service_n,
    sum(service_sum) as service_sum,
    sum(service_sum2) as service_sum2,
    sum(stitched_n) as stitched_n
from visit_1h
group by 1, 2, 3, 4, 5, 6, 7, 8
with no data;

create materialized view queue_1m
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
    time_bucket('1 minute', at) as bucket,
    office_id,
    source_id,
    lane,
    provenance,
    count(*) as n,
    count(waiting) as seen_n,
    sum(waiting) as waiting_sum,
    max(waiting) as waiting_max,
    count(expected_wait_s) as ok_n,
    sum(expected_wait_s) as expected_sum,
    count(*) filter (where state = 'blind') as blind_n
from queue_sample
group by 1, 2, 3, 4, 5
with no data;

create materialized view queue_1h
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
    time_bucket('1 hour', bucket) as bucket,
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
from queue_1m
group by 1, 2, 3, 4, 5
with no data;
