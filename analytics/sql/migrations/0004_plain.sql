-- Plain PostgreSQL: every level of the rollups is stored, 1 minute -> 1 hour -> 1 day. A late row makes its bucket of every level
-- dirty; a level is computed from the level below it.

alter table rollup_state add column root text, add column parent text, add column zone text;
update rollup_state set root = name;
alter table rollup_state alter column root set not null;
insert into rollup_state (name, width, root, parent, zone) values
('visit_1d', '1 day', 'visit_1h', 'visit_1h', 'Asia/Ho_Chi_Minh'),
('queue_1h', '1 hour', 'queue_1m', 'queue_1m', null),
('queue_1d', '1 day', 'queue_1m', 'queue_1h', 'Asia/Ho_Chi_Minh');

create function rollup_bucket(state rollup_state, at timestamptz) returns timestamptz
language sql immutable
as $$
    select case when state.zone is null then time_bucket(state.width, at) else time_bucket(state.width, at, state.zone) end
$$;

-- What is not stored: everything from the watermark on, and the dirty buckets. "offset 0" keeps the planner at these few.
create or replace view visit_1h_live as
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
from (
    select * from visit where at >= (select watermark from rollup_state where name = 'visit_1h')
    union all
    select late.*
    from rollup_dirty as dirty
    cross join lateral (
        select * from visit where at >= dirty.bucket and at < dirty.bucket + interval '1 hour' offset 0
    ) as late
    where dirty.name = 'visit_1h'
) as fresh
group by 1, 2, 3, 4, 5, 6, 7, 8;

create or replace view wait_1h_live as
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
from (
    select * from visit where at >= (select watermark from rollup_state where name = 'wait_1h')
    union all
    select late.*
    from rollup_dirty as dirty
    cross join lateral (
        select * from visit where at >= dirty.bucket and at < dirty.bucket + interval '1 hour' offset 0
    ) as late
    where dirty.name = 'wait_1h'
) as fresh
where outcome <> 'balked'
group by 1, 2, 3, 4, 5, 6, 7, 8, 9;

create or replace view queue_1m_live as
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
from (
    select * from queue_sample where at >= (select watermark from rollup_state where name = 'queue_1m')
    union all
    select late.*
    from rollup_dirty as dirty
    cross join lateral (
        select * from queue_sample where at >= dirty.bucket and at < dirty.bucket + interval '1 minute' offset 0
    ) as late
    where dirty.name = 'queue_1m'
) as fresh
group by 1, 2, 3, 4, 5;

create or replace view flow_1h_live as
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
from (
    select * from queue_sample where at >= (select watermark from rollup_state where name = 'flow_1h')
    union all
    select late.*
    from rollup_dirty as dirty
    cross join lateral (
        select * from queue_sample where at >= dirty.bucket and at < dirty.bucket + interval '1 hour' offset 0
    ) as late
    where dirty.name = 'flow_1h'
) as fresh
group by 1, 2, 3, 4, 5;

drop view visit_1d;
drop view queue_1h;

create view visit_1d_live as
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
from (
    select * from visit_1h where bucket >= (select watermark from rollup_state where name = 'visit_1d')
    union all
    select late.*
    from rollup_dirty as dirty
    cross join lateral (
        select * from visit_1h where bucket >= dirty.bucket and bucket < dirty.bucket + interval '1 day' offset 0
    ) as late
    where dirty.name = 'visit_1d'
) as fresh
group by 1, 2, 3, 4, 5, 6, 7, 8;

create table visit_1d_stored as select * from visit_1d_live with no data;
create index visit_1d_stored_bucket on visit_1d_stored (bucket, office_id);
create index visit_1d_stored_office on visit_1d_stored (office_id, bucket);

create view visit_1d as
select * from visit_1d_live
union all
select stored.*
from visit_1d_stored as stored
where not exists (
    select from rollup_dirty as dirty where dirty.name = 'visit_1d' and dirty.bucket = stored.bucket
);

create view queue_1h_live as
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
from (
    select * from queue_1m where bucket >= (select watermark from rollup_state where name = 'queue_1h')
    union all
    select late.*
    from rollup_dirty as dirty
    cross join lateral (
        select * from queue_1m where bucket >= dirty.bucket and bucket < dirty.bucket + interval '1 hour' offset 0
    ) as late
    where dirty.name = 'queue_1h'
) as fresh
group by 1, 2, 3, 4, 5;

create table queue_1h_stored as select * from queue_1h_live with no data;
create index queue_1h_stored_bucket on queue_1h_stored (bucket, office_id);
create index queue_1h_stored_office on queue_1h_stored (office_id, bucket);

create view queue_1h as
select * from queue_1h_live
union all
select stored.*
from queue_1h_stored as stored
where not exists (
    select from rollup_dirty as dirty where dirty.name = 'queue_1h' and dirty.bucket = stored.bucket
);

create view queue_1d_live as
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
from (
    select * from queue_1h where bucket >= (select watermark from rollup_state where name = 'queue_1d')
    union all
    select late.*
    from rollup_dirty as dirty
    cross join lateral (
        select * from queue_1h where bucket >= dirty.bucket and bucket < dirty.bucket + interval '1 day' offset 0
    ) as late
    where dirty.name = 'queue_1d'
) as fresh
group by 1, 2, 3, 4, 5;

create table queue_1d_stored as select * from queue_1d_live with no data;
create index queue_1d_stored_bucket on queue_1d_stored (bucket, office_id);
create index queue_1d_stored_office on queue_1d_stored (office_id, bucket);

create view queue_1d as
select * from queue_1d_live
union all
select stored.*
from queue_1d_stored as stored
where not exists (
    select from rollup_dirty as dirty where dirty.name = 'queue_1d' and dirty.bucket = stored.bucket
);

-- Statement triggers call it with the finest level of a rollup: late rows make their bucket of every level dirty.
create or replace function mark_dirty() returns trigger
language plpgsql
as $$
begin
    perform pg_advisory_xact_lock_shared(hashtext('motcua:' || tg_argv[0]));
    insert into rollup_dirty (name, bucket)
    select distinct kept.name, rollup_bucket(kept, fresh.at)
    from fresh
    join rollup_state as kept on kept.root = tg_argv[0] and fresh.at < kept.watermark
    where fresh.at >= coalesce((select floor from retention where relation = tg_table_name), '-infinity')
    order by 1, 2
    on conflict do nothing;
    return null;
end
$$;

-- Store every bucket that ended before "upto" (and, above the finest level, is stored below), and the dirty ones anew. Returns the
-- number of rows written.
create or replace function refresh_rollup(rollup text, upto timestamptz) returns bigint
language plpgsql
as $$
declare
    state rollup_state;
    below timestamptz;
    target timestamptz;
    written bigint;
begin
    select * into strict state from rollup_state where name = rollup;
    perform pg_advisory_xact_lock(hashtext('motcua:' || state.root));
    select * into strict state from rollup_state where name = rollup for update;
    select watermark into below from rollup_state where name = state.parent;
    target := least(upto, coalesce(below, upto));
    target := greatest(state.watermark, case when isfinite(target) then rollup_bucket(state, target) else target end);
    execute format('delete from %I where bucket in (select bucket from rollup_dirty where name = $1)', rollup || '_stored')
        using rollup;
    execute format('insert into %I select * from %I where bucket < $1', rollup || '_stored', rollup || '_live') using target;
    get diagnostics written = row_count;
    delete from rollup_dirty where name = rollup;
    update rollup_state set watermark = target where name = rollup;
    return written;
end
$$;

-- Throw away what is stored of whole buckets from "since" to before "upto", and compute it anew from the level below.
create function recompute_rollup(rollup text, since timestamptz, upto timestamptz) returns bigint
language plpgsql
as $$
declare
    state rollup_state;
begin
    select * into strict state from rollup_state where name = rollup;
    perform pg_advisory_xact_lock(hashtext('motcua:' || state.root));
    select * into strict state from rollup_state where name = rollup for update;
    execute format('delete from %I where bucket >= $1 and bucket < $2', rollup || '_stored') using since, upto;
    insert into rollup_dirty (name, bucket)
    select rollup, bucket
    from generate_series(since, upto - state.width, state.width) as bucket
    where bucket < state.watermark
    on conflict do nothing;
    return refresh_rollup(rollup, '-infinity');
end
$$;
