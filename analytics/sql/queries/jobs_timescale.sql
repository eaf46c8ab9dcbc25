-- TimescaleDB's jobs, and how their last run went. The name of a rollup stands for its hidden hypertable.
select
    j.job_id,
    j.proc_name,
    coalesce(c.view_name, j.hypertable_name) as hypertable_name,
    j.schedule_interval::text as schedule_interval,
    s.last_run_status,
    s.last_successful_finish,
    j.next_start
from timescaledb_information.jobs as j
left join timescaledb_information.job_stats as s using (job_id)
left join timescaledb_information.continuous_aggregates as c
    on c.materialization_hypertable_schema = j.hypertable_schema and c.materialization_hypertable_name = j.hypertable_name
order by j.job_id;
