-- What Little's law needs of a queue: sums over the frames since the sample before. Null: the source counts nothing.
alter table queue_sample add column measured_s double precision;
alter table queue_sample add column waiting_person_s double precision;
alter table queue_sample add column queue_arrivals integer;
alter table queue_sample add column queue_departures integer;
-- The people who wait, by the whole minutes that they have waited.
alter table queue_sample add column waited_min jsonb;
