-- What citizens say is wrong, the newest first.
select report_id, at, office_id, field, message, done_at, done_by
from data_report
where (%(done)s or done_at is null) and (%(offices)s::text[] is null or office_id = any(%(offices)s))
order by at desc, report_id desc
limit %(limit)s;
