-- Plain PostgreSQL: the relations that TimescaleDB's continuous aggregates give, as table plus real-time view.
--
-- A rollup's stored part holds the buckets below its watermark. Rows that come late mark their bucket as dirty; the view
-- computes dirty buckets and everything from the watermark on from the raw rows, so that it is always right. refresh_rollups()
-- stores what has settled. Inserts hold a shared lock, a refresh the exclusive one: no row can slip between the two.

-- TimescaleDB's time_bucket for widths below a day, in UTC, and for days of a time zone.
create function time_bucket(width interval, at timestamptz) returns timestamptz
language sql immutable parallel safe
as $$ select date_bin(width, at, timestamptz '2000-01-03 00:00:00+00') $$;

create function time_bucket(width interval, at timestamptz, zone text) returns timestamptz
language plpgsql immutable parallel safe
as $$
begin
    if width <> interval '1 day' then
        raise exception 'time_bucket with a time zone knows days only, not %', width;
    end if;
    return date_trunc('day', at, zone);
end
$$;

create table rollup_state (
    name text primary key,
    width interval not null,
    watermark timestamptz not null default '-infinity'
);
insert into rollup_state (name, width) values ('visit_1h', '1 hour'), ('queue_1m', '1 minute');

create table rollup_dirty (
    name text not null,
    bucket timestamptz not null,
    primary key (name, bucket)
);

create view visit_1h_live as
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
where at >= (select watermark from rollup_state where name = 'visit_1h')
group by 1, 2, 3, 4, 5, 6, 7, 8
union all
select
    dirty.bucket,
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
from rollup_dirty as dirty
join visit on at >= dirty.bucket and at < dirty.bucket + interval '1 hour'
where dirty.name = 'visit_1h'
group by 1, 2, 3, 4, 5, 6, 7, 8;

create table visit_1h_stored as select * from visit_1h_live with no data;
create index visit_1h_stored_bucket on visit_1h_stored (bucket, office_id);
create index visit_1h_stored_office on visit_1h_stored (office_id, bucket);

create view visit_1h as
select * from visit_1h_live
union all
select stored.*
from visit_1h_stored as stored
where not exists (
    select from rollup_dirty as dirty where dirty.name = 'visit_1h' and dirty.bucket = stored.bucket
);

create view visit_1d as
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
group by 1, 2, 3, 4, 5, 6, 7, 8;

create view queue_1m_live as
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
where at >= (select watermark from rollup_state where name = 'queue_1m')
group by 1, 2, 3, 4, 5
union all
select
    dirty.bucket,
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
from rollup_dirty as dirty
join queue_sample on at >= dirty.bucket and at < dirty.bucket + interval '1 minute'
where dirty.name = 'queue_1m'
group by 1, 2, 3, 4, 5;

create table queue_1m_stored as select * from queue_1m_live with no data;
create index queue_1m_stored_bucket on queue_1m_stored (bucket, office_id);
create index queue_1m_stored_office on queue_1m_stored (office_id, bucket);

create view queue_1m as
select * from queue_1m_live
union all
select stored.*
from queue_1m_stored as stored
where not exists (
    select from rollup_dirty as dirty where dirty.name = 'queue_1m' and dirty.bucket = stored.bucket
);

create view queue_1h as
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
group by 1, 2, 3, 4, 5;

-- Statement triggers: whatever writes, late rows make their bucket dirty.
create function mark_dirty() returns trigger
language plpgsql
as $$
begin
    perform pg_advisory_xact_lock_shared(hashtext('motcua:' || tg_argv[0]));
    insert into rollup_dirty (name, bucket)
    select distinct state.name, time_bucket(state.width, fresh.at)
    from fresh
    join rollup_state as state on state.name = tg_argv[0] and fresh.at < state.watermark
    order by 1, 2
    on conflict do nothing;
    return null;
end
$$;

create trigger visit_dirty after insert on visit
referencing new table as fresh for each statement execute function mark_dirty('visit_1h');
create trigger queue_sample_dirty after insert on queue_sample
referencing new table as fresh for each statement execute function mark_dirty('queue_1m');

-- Store every bucket that ended before "upto", and the dirty ones anew. Returns the number of buckets written.
create function refresh_rollup(rollup text, upto timestamptz) returns bigint
language plpgsql
as $$
declare
    state rollup_state;
    target timestamptz;
    written bigint;
begin
    perform pg_advisory_xact_lock(hashtext('motcua:' || rollup));
    select * into strict state from rollup_state where name = rollup for update;
    target := greatest(state.watermark, time_bucket(state.width, upto));
    execute format('delete from %I where bucket in (select bucket from rollup_dirty where name = $1)', rollup || '_stored')
        using rollup;
    execute format('insert into %I select * from %I where bucket < $1', rollup || '_stored', rollup || '_live') using target;
    get diagnostics written = row_count;
    delete from rollup_dirty where name = rollup;
    update rollup_state set watermark = target where name = rollup;
    return written;
end
$$;
