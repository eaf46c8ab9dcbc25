-- Every source, its state, how many stretches of messages (and messages) have not arrived, and how many it says it gave up.
select
    s.office_id,
    s.source_id,
    s.status,
    s.status_at,
    s.last_at,
    s.last_seen_at,
    s.provenance,
    s.health,
    o.office_id is not null as office_known,
    coalesce(g.gaps, 0)::bigint as gaps,
    coalesce(g.missing, 0)::bigint as missing,
    coalesce(d.dropped, 0)::bigint as dropped
from source as s
left join office as o using (office_id)
left join lateral (
    select count(*) as gaps, sum(upper(gap) - lower(gap)) as missing
    from received as r
    cross join lateral unnest(int8multirange(int8range(1, upper(r.seqs))) - r.seqs) as gap
    where r.office_id = s.office_id and r.source_id = s.source_id
) as g on true
left join lateral (
    select sum(value::bigint) as dropped from jsonb_each_text(s.health -> 'dropped')
) as d on true
where %(office_id)s::text is null or s.office_id = %(office_id)s
order by s.office_id, s.source_id;
