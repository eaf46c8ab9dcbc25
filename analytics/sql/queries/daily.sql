-- Visits of one office by Viet Nam's days.
select
    bucket,
    provenance,
    sum(n)::bigint as visits,
    coalesce(sum(n) filter (where outcome = 'served'), 0)::bigint as served
from visit_1d
where office_id = %(office_id)s and bucket >= %(since)s and bucket < %(until)s
group by bucket, provenance
order by bucket, provenance;
