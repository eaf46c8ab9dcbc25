-- The samples of one office that no rollup holds yet, without those of every other one.
create index queue_sample_office_at on queue_sample (office_id, at);
