-- The sources that speak by themselves (not kiosks and feeds), with when they were heard last.
select
    s.office_id,
    s.source_id,
    s.status,
    s.last_seen_at,
    s.provenance,
    s.health ->> 'blind' as blind
from source as s
where
    s.provenance in ('camera', 'replay', 'simulated')
    and (
        s.status_at is not null
        or exists (select from queue_now as q where q.office_id = s.office_id and q.source_id = s.source_id)
    )
order by s.office_id, s.source_id;
