-- How many alerts stand, and how many of them nobody has acknowledged, in some offices (null: all).
select
    count(*)::bigint as standing,
    count(*) filter (where acknowledged_at is null)::bigint as unacknowledged
from alert
where cleared_at is null and (%(offices)s::text[] is null or office_id = any(%(offices)s));
