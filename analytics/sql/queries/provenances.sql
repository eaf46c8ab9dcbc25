-- Where the data of an office came from over a span of whole hours.
select provenance, sum(n)::bigint as visits
from visit_1h
where office_id = %(office_id)s and bucket >= %(since)s and bucket < %(until)s
group by provenance
order by provenance;
