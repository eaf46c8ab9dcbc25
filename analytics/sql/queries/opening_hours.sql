-- Spans in which offices are open, of all or one.
select office_id, weekday, opens, closes
from opening_hours
where %(office_id)s::text is null or office_id = %(office_id)s
order by office_id, weekday, opens;
