-- Officers of some offices.
select o.officer_id, o.name, o.office_id, o.username
from officer as o
where o.office_id = any(%(office_ids)s)
order by o.office_id, o.officer_id;
