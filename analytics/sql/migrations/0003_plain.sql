-- Plain PostgreSQL: counts of parts of a queue are one row a minute and source, and are read by office and day: an index does.
comment on table part_count is 'counts by the minute of cameras that see only a part of a queue';
