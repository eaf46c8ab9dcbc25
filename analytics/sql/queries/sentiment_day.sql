-- Sums of one office's sentiment over periods that ended within a span, by model and provenance.
select
    provenance,
    model,
    sum(n)::bigint as n,
    sum(valence_sum) as valence_sum,
    sum(valence_sum2) as valence_sum2,
    min(period_start) as period_start,
    max(period_end) as period_end,
    (
        select jsonb_object_agg(label, total)
        from (
            select class.key as label, sum(class.value::double precision) as total
            from sentiment as inner_s
            cross join lateral jsonb_each_text(inner_s.class_sums) as class
            where
                inner_s.office_id = %(office_id)s and inner_s.period_end > %(since)s and inner_s.period_end <= %(until)s
                and inner_s.provenance = s.provenance and inner_s.model = s.model
            group by class.key
        ) as classes
    ) as class_sums
from sentiment as s
where s.office_id = %(office_id)s and s.period_end > %(since)s and s.period_end <= %(until)s
group by provenance, model
order by sum(n) desc, model;
