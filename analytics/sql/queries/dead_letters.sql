-- The newest dead letters.
select dead_letter_id, topic, payload, reason, first_at, last_at, times
from dead_letter
order by last_at desc, dead_letter_id desc
limit %(limit)s;
