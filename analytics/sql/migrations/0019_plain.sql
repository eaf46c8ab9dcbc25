-- Plain PostgreSQL: offices by Viet Nam's days, on top of visits by days: history over years reads one row an office and day.

insert into rollup_state (name, width, root, parent, zone) values
('office_1d', '1 day', 'visit_1h', 'visit_1d', 'Asia/Ho_Chi_Minh');

create view office_1d_live as
select
    bucket,
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
from (
    select * from visit_1d where bucket >= (select watermark from rollup_state where name = 'office_1d')
    union all
    select late.*
    from rollup_dirty as dirty
    cross join lateral (select * from visit_1d where bucket = dirty.bucket offset 0) as late
    where dirty.name = 'office_1d'
) as fresh
group by bucket, office_id, provenance;

create table office_1d_stored as select * from office_1d_live with no data;
create index office_1d_stored_bucket on office_1d_stored (bucket, office_id);
create index office_1d_stored_office on office_1d_stored (office_id, bucket);

create view office_1d as
select * from office_1d_live
union all
select stored.*
from office_1d_stored as stored
where stored.bucket <> all (array(select dirty.bucket from rollup_dirty as dirty where dirty.name = 'office_1d'));

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
