-- One row: how the database is.
select
    current_setting('server_version') as server_version,
    (select extversion from pg_extension where extname = 'timescaledb') as timescaledb_version,
    pg_database_size(current_database()) as size_bytes,
    (select max(at) from visit) as newest_visit_at,
    (select max(at) from queue_now) as newest_queue_at,
    (select count(*) from office) as offices,
    (select count(*) from source) as sources,
    (select coalesce(sum(times), 0) from dead_letter) as dead_letters,
    (
        select count(*)
        from received
        cross join lateral unnest(
            int8multirange(int8range(1, upper(seqs))) - seqs
        ) as gap
    ) as gaps,
    (
        select coalesce(sum(upper(gap) - lower(gap)), 0)
        from received
        cross join lateral unnest(
            int8multirange(int8range(1, upper(seqs))) - seqs
        ) as gap
    ) as missing,
    (
        select coalesce(jsonb_object_agg(type, n order by type), '{}')
        from (
            select d.key as type, sum(d.value::bigint) as n
            from source cross join lateral jsonb_each_text(health -> 'dropped') as d
            group by d.key
        ) as dropped
    ) as dropped;
