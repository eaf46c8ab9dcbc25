-- What happened to an alert, in order.
select step, at, event, username, words, detail
from alert_event
where alert_id = %(alert_id)s
order by step;
