-- The audit log, the newest first, as far as it matches; null asks for everything.
select chain_no, at, username, action, detail, encode(hash, 'hex') as hash
from audit
where
    (%(before)s::bigint is null or chain_no < %(before)s)
    and (%(users)s::text[] is null or username = any(%(users)s))
    and (%(user)s::text is null or username = %(user)s)
    and (%(action)s::text is null or starts_with(action, %(action)s))
    and (%(since)s::timestamptz is null or at >= %(since)s)
    and (%(until)s::timestamptz is null or at < %(until)s)
    and (%(text)s::text is null or position(lower(%(text)s) in lower(detail::text)) > 0)
order by chain_no desc
limit %(limit)s;
