-- People counted by cameras of parts of a queue over a span, by office and provenance: who came, who left by the door, who was received.
select
    office_id,
    provenance,
    coalesce(sum((select sum(value::bigint) from jsonb_each_text(joined))) filter (where joined <> '{}'), 0)::bigint as joined,
    sum(case when left_unserved = '{}' then 0 else (select sum(value::bigint) from jsonb_each_text(left_unserved)) end)
        filter (where left_unserved is not null)::bigint as left_unserved,
    coalesce(
        sum((select sum((one ->> 'started')::bigint) from jsonb_array_elements(started) as one)) filter (where started <> '[]'), 0
    )::bigint as started
from part_count
where
    at > %(since)s and at <= %(until)s::timestamptz + interval '1 hour'
    and period_start >= %(since)s and period_start < %(until)s
    and (%(office_id)s::text is null or office_id = %(office_id)s)
group by office_id, provenance
order by office_id, provenance;
