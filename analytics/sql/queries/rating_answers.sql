-- One office's answers of a span, for the checks.
select counter_id, source_id, channel, score, at, coalesce(served_at, at) as moment, provenance
from rating
where office_id = %(office_id)s and at >= %(since)s and at < %(until)s
order by at, id;
