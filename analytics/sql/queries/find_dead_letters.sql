-- Dead letters by number, kind, part of the reason, source and state; the newest first.
select
    dead_letter_id,
    topic,
    payload,
    reason,
    first_at,
    last_at,
    times,
    repaired,
    repaired_topic,
    repaired_at,
    repaired_by,
    replayed_at,
    replayed_by
from dead_letter
where
    (%(id)s::bigint is null or dead_letter_id = %(id)s)
    and (%(kind)s::text is null or split_part(topic, '/', 5) = %(kind)s)
    and (%(reason)s::text is null or strpos(lower(reason), lower(%(reason)s)) > 0)
    and (
        %(source)s::text is null
        or split_part(topic, '/', 3) = %(source)s
        or split_part(topic, '/', 4) = %(source)s
        or split_part(topic, '/', 3) || '/' || split_part(topic, '/', 4) = %(source)s
    )
    and (
        %(state)s::text is null
        or %(state)s = case
            when replayed_at is not null then 'replayed' when repaired_at is not null then 'repaired' else 'open'
        end
    )
order by last_at desc, dead_letter_id desc
limit %(limit)s;
