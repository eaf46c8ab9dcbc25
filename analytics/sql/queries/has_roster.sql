-- Offices that have any shift within a span.
select distinct office_id
from shift
where office_id = any(%(office_ids)s) and end_at > %(since)s and start_at < %(until)s
order by office_id;
