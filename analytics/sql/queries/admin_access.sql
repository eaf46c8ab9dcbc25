-- Access and lanes of every office that is valid on a day, or of which something is known.
select o.office_id, a.wheelchair, a.priority_lane, a.appointment_lane, a.appointment_link, a.source
from office as o
left join office_access as a using (office_id)
where o.level <> 'demo' and (a.office_id is not null or o.valid_to is null or o.valid_to > %(day)s)
order by o.office_id;
