-- What was published of a quarter.
select office_id, n, share, low, high
from satisfaction_published
where since = %(since)s
order by office_id;
