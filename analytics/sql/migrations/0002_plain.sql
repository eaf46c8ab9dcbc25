-- Plain PostgreSQL: waits by the hour of arrival, and Little's sums, as table plus real-time view.

insert into rollup_state (name, width) values ('wait_1h', '1 hour'), ('flow_1h', '1 hour');

-- Waits by the hour of arrival, so that a period holds everybody who came in it, whenever they left. "queued": waited at all.
create view wait_1h_live as
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
where at >= (select watermark from rollup_state where name = 'wait_1h') and outcome <> 'balked'
group by 1, 2, 3, 4, 5, 6, 7, 8, 9
union all
select
    dirty.bucket,
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
from rollup_dirty as dirty
join visit on at >= dirty.bucket and at < dirty.bucket + interval '1 hour'
where dirty.name = 'wait_1h' and outcome <> 'balked'
group by 1, 2, 3, 4, 5, 6, 7, 8, 9;

create table wait_1h_stored as select * from wait_1h_live with no data;
create index wait_1h_stored_bucket on wait_1h_stored (bucket, office_id);
create index wait_1h_stored_office on wait_1h_stored (office_id, bucket);

create view wait_1h as
select * from wait_1h_live
union all
select stored.*
from wait_1h_stored as stored
where not exists (
    select from rollup_dirty as dirty where dirty.name = 'wait_1h' and dirty.bucket = stored.bucket
);

create trigger visit_wait_1h_dirty after insert on visit
referencing new table as fresh for each statement execute function mark_dirty('wait_1h');

-- Little's sums by hour.
create view flow_1h_live as
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
where at >= (select watermark from rollup_state where name = 'flow_1h')
group by 1, 2, 3, 4, 5
union all
select
    dirty.bucket,
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
from rollup_dirty as dirty
join queue_sample on at >= dirty.bucket and at < dirty.bucket + interval '1 hour'
where dirty.name = 'flow_1h'
group by 1, 2, 3, 4, 5;

create table flow_1h_stored as select * from flow_1h_live with no data;
create index flow_1h_stored_bucket on flow_1h_stored (bucket, office_id);
create index flow_1h_stored_office on flow_1h_stored (office_id, bucket);

create view flow_1h as
select * from flow_1h_live
union all
select stored.*
from flow_1h_stored as stored
where not exists (
    select from rollup_dirty as dirty where dirty.name = 'flow_1h' and dirty.bucket = stored.bucket
);

create trigger queue_sample_flow_1h_dirty after insert on queue_sample
referencing new table as fresh for each statement execute function mark_dirty('flow_1h');
