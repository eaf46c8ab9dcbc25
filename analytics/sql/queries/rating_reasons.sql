-- What answers were about, by reason and whether the citizen was satisfied.
select reason, provenance, count(*)::bigint as n, count(*) filter (where score >= %(satisfied_from)s)::bigint as satisfied
from rating
where office_id = any(%(office_ids)s) and at >= %(since)s and at < %(until)s and reason is not null
group by reason, provenance
order by reason, provenance;
