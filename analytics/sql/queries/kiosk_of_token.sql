-- Whose token this is.
select k.office_id, k.kiosk_id, k.counter_id, k.provenance, coalesce(o.unit_name, o.name) as office_name
from kiosk as k
join office as o using (office_id)
where k.token_hash = %(token_hash)s and k.disabled_at is null;
