-- Every table with its indexes; a rollup under its own name. Rows are the planner's estimate; null: never looked at.
select
    regexp_replace(relname, '_stored$', '') as name,
    pg_total_relation_size(oid) as size_bytes,
    case when reltuples >= 0 then reltuples::bigint end as rows
from pg_class
where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
order by 2 desc, 1;
