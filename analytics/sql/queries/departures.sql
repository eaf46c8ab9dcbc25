-- When services ended at the counters of an office.
select counter_id, departure_at, provenance
from visit
where
    office_id = %(office_id)s and at >= %(since)s and at < %(until)s and outcome = 'served' and counter_id is not null
order by departure_at;
