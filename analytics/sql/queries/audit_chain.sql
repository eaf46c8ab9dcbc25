-- The audit log in its order, with what each row's hash is over, and whether it is the hash of that and of the one before.
select
    chain_no,
    audit_text(chain_no, at, username, action, detail) as line,
    encode(hash, 'hex') as hash,
    hash = sha256(
        coalesce(lag(hash) over (order by chain_no), sha256('motcua'::bytea))
        || convert_to(audit_text(chain_no, at, username, action, detail), 'UTF8')
    ) and chain_no = coalesce(lag(chain_no) over (order by chain_no), 0) + 1 as whole
from audit
order by chain_no;
