-- TimescaleDB: waits by the hour of arrival, and Little's sums. "motcua db migrate" fills them from the rows that are there.

-- Waits by the hour of arrival, so that a period holds everybody who came in it, whenever they left. "queued": waited at all.
create materialized view wait_1h
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
    time_bucket('1 hour', at) as bucket,
    date_bin('1 hour', arrival_at, timestamptz '2000-01-03 00:00:00+00') as arrived,
    office_id,
    lane,
    provenance,
    outcome,
    waiting_s is not null as started,
    coalesce(waiting_s, sojourn_s) > 0 as queued,
    wait_bin(coalesce(waiting_s, sojourn_s)) as wait_bin,
    count(*) as n,
    sum(coalesce(waiting_s, sojourn_s)) as wait_sum
from visit
where outcome <> 'balked'
group by 1, 2, 3, 4, 5, 6, 7, 8, 9
with no data;

-- Little's sums by hour.
create materialized view flow_1h
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
    time_bucket('1 hour', at) as bucket,
    office_id,
    source_id,
    lane,
    provenance,
    count(*) as n,
    count(measured_s) as measured_n,
    sum(measured_s) as measured_s,
    sum(waiting_person_s) as waiting_person_s,
    sum(queue_arrivals) as arrivals,
    sum(queue_departures) as departures
from queue_sample
group by 1, 2, 3, 4, 5
with no data;
