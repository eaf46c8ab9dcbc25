-- Alerts of some offices (null: all), the ones that stand first, then the newest.
select
    a.alert_id,
    a.office_id,
    coalesce(o.unit_name, o.name, a.office_id) as office_name,
    a.kind,
    a.subject,
    a.raised_at,
    a.first_raised_at,
    a.times,
    a.cleared_at,
    a.cleared_because,
    a.unknown_since,
    a.facts,
    a.facts_at,
    a.provenance,
    a.told,
    a.acknowledged_at,
    a.acknowledged_by,
    a.assigned_to
from alert as a
left join office as o using (office_id)
where
    (%(offices)s::text[] is null or a.office_id = any(%(offices)s))
    and (%(alert_id)s::uuid is null or a.alert_id = %(alert_id)s)
    and (%(kind)s::text is null or a.kind = %(kind)s)
    and (%(assigned_to)s::text is null or a.assigned_to = %(assigned_to)s)
    and (
        %(state)s::text is null
        or (%(state)s = 'open' and a.cleared_at is null)
        or (%(state)s = 'new' and a.cleared_at is null and a.acknowledged_at is null)
        or (%(state)s = 'over' and a.cleared_at is not null)
    )
order by a.cleared_at is not null, a.raised_at desc, a.alert_id
limit %(limit)s offset %(skip)s;
