-- Plain PostgreSQL: waits of the served by Viet Nam's days, on top of those by hour; and rows of an office that lie together.

insert into rollup_state (name, width, root, parent, zone) values
('wait_1d', '1 day', 'wait_1h', 'wait_1h', 'Asia/Ho_Chi_Minh');

create view wait_1d_live as
select
    time_bucket('1 day', bucket, 'Asia/Ho_Chi_Minh') as bucket,
    arrived,
    office_id,
    provenance,
    sum(n) as n,
    sum(wait_sum) as wait_sum
from (
    select * from wait_1h where bucket >= (select watermark from rollup_state where name = 'wait_1d')
    union all
    select late.*
    from rollup_dirty as dirty
    cross join lateral (
        select * from wait_1h where bucket >= dirty.bucket and bucket < dirty.bucket + interval '1 day' offset 0
    ) as late
    where dirty.name = 'wait_1d'
) as fresh
where started and outcome = 'served'
group by 1, 2, 3, 4;

create table wait_1d_stored as select * from wait_1d_live with no data;
create index wait_1d_stored_bucket on wait_1d_stored (bucket, office_id);
create index wait_1d_stored_office on wait_1d_stored (office_id, bucket);

create view wait_1d as
select * from wait_1d_live
union all
select stored.*
from wait_1d_stored as stored
where stored.bucket <> all (array(select dirty.bucket from rollup_dirty as dirty where dirty.name = 'wait_1d'));

-- Years of days of one office: the few dirty days are looked up once, not for each row.
create or replace view visit_1d as
select * from visit_1d_live
union all
select stored.*
from visit_1d_stored as stored
where stored.bucket <> all (array(select dirty.bucket from rollup_dirty as dirty where dirty.name = 'visit_1d'));

-- Store every bucket that ended before "upto" (and, above the finest level, is stored below), and the dirty ones anew. Returns the
-- number of rows written. An office's rows of a bucket lie together: a question about one office reads few pages.
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
    execute format(
        'insert into %I select * from %I where bucket < $1 order by bucket, office_id', rollup || '_stored', rollup || '_live'
    ) using target;
    get diagnostics written = row_count;
    delete from rollup_dirty where name = rollup;
    update rollup_state set watermark = target where name = rollup;
    return written;
end
$$;
