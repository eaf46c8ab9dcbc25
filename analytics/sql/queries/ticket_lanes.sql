-- Whose turn it was, by the ticket machine: tickets drawn, and tickets whose service began, with their lane.
select at, event, counter_id, lane
from ticket
where
    office_id = %(office_id)s and provenance = any(%(provenances)s) and event in ('issued', 'started')
    and at >= %(since)s and at < %(until)s
order by at, id;
