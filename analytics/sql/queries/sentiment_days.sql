-- Sums of sentiment by office, Viet Nam day, model and provenance.
select
    office_id,
    (period_end at time zone 'Asia/Ho_Chi_Minh')::date as day,
    model,
    provenance,
    sum(n)::bigint as n,
    sum(valence_sum) as valence_sum,
    sum(valence_sum2) as valence_sum2
from sentiment
where office_id = any(%(office_ids)s) and period_end > %(since)s and period_end <= %(until)s
group by 1, 2, 3, 4
order by 1, 2, 3, 4;
