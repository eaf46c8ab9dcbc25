-- Shifts that touch a span: of some offices, of one officer, or both.
select s.shift_id, s.officer_id, o.name, s.office_id, s.counter_id, s.start_at, s.end_at, s.updated_by, s.updated_at
from shift as s
join officer as o using (officer_id)
where
    s.office_id = any(%(office_ids)s) and s.end_at > %(since)s and s.start_at < %(until)s
    and (%(officer_id)s::text is null or s.officer_id = %(officer_id)s)
order by s.start_at, s.office_id, s.counter_id;
