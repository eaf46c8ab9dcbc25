-- TimescaleDB: offices by Viet Nam's days, on top of visits by hour. "motcua db migrate" fills it.
create materialized view office_1d
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
    time_bucket('1 day', bucket, 'Asia/Ho_Chi_Minh') as bucket,
    office_id,
    provenance,
    sum(n) as n,
    sum(n) filter (where outcome = 'served') as served,
    sum(n) filter (where outcome = 'reneged') as reneged,
    sum(n) filter (where outcome = 'lost') as lost,
    sum(n) filter (where outcome <> 'balked') as joined,
    sum(n) filter (where outcome = 'served' and started) as wait_n,
    sum(wait_sum) filter (where outcome = 'served' and started) as wait_sum,
    sum(wait_sum2) filter (where outcome = 'served' and started) as wait_sum2,
    max(wait_max) filter (where outcome = 'served' and started) as wait_max,
    sum(within_15_n) filter (where outcome = 'served' and started) as within_15_n,
    sum(n) filter (where outcome = 'served' and started and wait_bin < 30) as within_30_n,
    sum(n) filter (where not started and outcome <> 'balked') as censored_n,
    sum(service_n) filter (where outcome = 'served') as service_n,
    sum(service_sum) filter (where outcome = 'served') as service_sum,
    sum(service_sum2) filter (where outcome = 'served') as service_sum2
from visit_1h
group by 1, 2, 3
with no data;

-- Files that an office received on a Viet Nam day, as the one-stop system's feed counts them; what comes again replaces.
create table file_day (
    office_id text not null,
    day date not null,
    received integer not null check (received >= 0),
    source text not null,
    set_by text not null,
    set_at timestamptz not null default now(),
    primary key (office_id, day)
);
