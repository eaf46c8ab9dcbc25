-- The week of every office that is valid on a day, or that has hours: spans by weekday, null where it is closed or not known.
with span as (
    select
        office_id,
        weekday,
        string_agg(to_char(opens, 'HH24:MI') || '-' || to_char(closes, 'HH24:MI'), ' ' order by opens) as spans,
        max(source) as source
    from opening_hours
    group by office_id, weekday
)
select
    o.office_id,
    max(s.spans) filter (where s.weekday = 1) as mon,
    max(s.spans) filter (where s.weekday = 2) as tue,
    max(s.spans) filter (where s.weekday = 3) as wed,
    max(s.spans) filter (where s.weekday = 4) as thu,
    max(s.spans) filter (where s.weekday = 5) as fri,
    max(s.spans) filter (where s.weekday = 6) as sat,
    max(s.spans) filter (where s.weekday = 7) as sun,
    max(s.source) as source
from office as o
left join span as s using (office_id)
where o.level <> 'demo' and (s.office_id is not null or o.valid_to is null or o.valid_to > %(day)s)
group by o.office_id
order by o.office_id;
