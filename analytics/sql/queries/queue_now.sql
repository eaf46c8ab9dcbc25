-- The newest sample of every queue, or of one office's.
select office_id, source_id, lane, at, sample, provenance, committed_at
from queue_now
where %(office_id)s::text is null or office_id = %(office_id)s
order by office_id, source_id, lane;
