-- What the demo tells at its end. Only what was committed since it was ready counts.
select
    (select count(*) from visit where office_id = 'DEMO' and committed_at >= %(since)s) as camera_visits,
    (select count(*) from visit where office_id = 'DEMO' and committed_at >= %(since)s and outcome = 'served') as camera_served,
    (
        select count(*) from visit
        where office_id = 'DEMO' and committed_at >= %(since)s and outcome = 'served' and waiting_s > 0
    ) as camera_waits,
    (select count(*) from queue_sample where office_id = 'DEMO' and committed_at >= %(since)s) as queue_samples,
    (select count(*) from visit where provenance = 'simulated' and committed_at >= %(since)s) as simulated_visits,
    (select count(*) from office where level <> 'demo') as offices,
    (select count(*) from source where last_seen_at >= %(since)s) as sources,
    (
        select percentile_cont(0.95) within group (order by extract(epoch from committed_at - at) * 1000)
        from queue_sample where office_id = 'DEMO' and committed_at >= %(since)s
    ) as p95_camera_to_database_ms;
