-- Officers' expression that may be looked at now, with who sat there by the roster (null: nobody, or several people within the period).
select
    e.office_id, e.counter_id, e.period_start, e.period_end, e.n, e.valence_sum, e.valence_sum2, e.model, e.provenance, e.mode,
    s.officer_id
from officer_expression_allowed as e
cross join lateral (
    select case when count(distinct officer_id) = 1 then min(officer_id) end as officer_id
    from shift
    where office_id = e.office_id and counter_id = e.counter_id and start_at < e.period_end and end_at > e.period_start
) as s
where
    e.office_id = any(%(office_ids)s) and e.period_start >= %(since)s and e.period_start < %(until)s
    and (%(officer_id)s::text is null or s.officer_id = %(officer_id)s)
order by e.period_start, e.office_id, e.counter_id, e.id;
