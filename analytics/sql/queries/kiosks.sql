-- Every kiosk, and when it last gave a rating.
select k.office_id, k.kiosk_id, k.counter_id, k.provenance, k.created_at, k.disabled_at, s.last_at
from kiosk as k
left join source as s on s.office_id = k.office_id and s.source_id = k.kiosk_id
order by k.office_id, k.kiosk_id;
