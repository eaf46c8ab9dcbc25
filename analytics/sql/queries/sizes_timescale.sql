-- Every table, hypertable and rollup with its indexes and chunks. Rows are an estimate.
select name, size_bytes, rows
from (
    select
        h.hypertable_name::text as name,
        hypertable_size(format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass) as size_bytes,
        approximate_row_count(format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass) as rows
    from timescaledb_information.hypertables as h
    where h.hypertable_schema = 'public'
    union all
    select
        c.view_name::text,
        hypertable_size(format('%I.%I', c.materialization_hypertable_schema, c.materialization_hypertable_name)::regclass),
        approximate_row_count(format('%I.%I', c.materialization_hypertable_schema, c.materialization_hypertable_name)::regclass)
    from timescaledb_information.continuous_aggregates as c
    union all
    select
        relname::text,
        pg_total_relation_size(oid),
        case when reltuples >= 0 then reltuples::bigint end
    from pg_class
    where
        relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
        and not exists (
            select from timescaledb_information.hypertables as h where h.hypertable_schema = 'public' and h.hypertable_name = relname
        )
) as every_one
order by 2 desc, 1;
