-- Visits served at each counter of an office over whole hours.
select counter_id, provenance, sum(n)::bigint as served, max(bucket) as last_bucket
from visit_1h
where
    office_id = %(office_id)s and bucket >= %(since)s and bucket < %(until)s and outcome = 'served' and counter_id is not null
group by counter_id, provenance
order by counter_id, provenance;
