-- What is newest of a source is told by its epoch first, which grows whatever its clock does, then by the instant of the event.
alter table queue_now add column epoch bigint not null default 0;
alter table source add column last_epoch bigint not null default 0;
alter table source add column status_epoch bigint not null default 0;
