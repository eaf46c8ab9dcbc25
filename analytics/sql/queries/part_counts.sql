-- What cameras of parts of a queue counted in one office, in order; a period belongs to where it begins.
select source_id, part, period_start, period_end, measured_s, joined, left_unserved, waiting_person_s, started
from part_count
where
    office_id = %(office_id)s and provenance = %(provenance)s
    and at > %(since)s and at <= %(until)s::timestamptz + interval '1 hour'
    and period_start >= %(since)s and period_start < %(until)s
order by period_start, source_id, id;
