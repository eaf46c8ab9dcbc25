-- TimescaleDB: a hypertable with a columnstore. Counts are small and read by office and day: they need no rollup.
select create_hypertable('part_count', by_range('at', interval '7 days'));

alter table part_count set (timescaledb.enable_columnstore = true, timescaledb.segmentby = 'office_id', timescaledb.orderby = 'at desc');
