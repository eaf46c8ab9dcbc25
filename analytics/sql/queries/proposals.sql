-- Proposals about officers of some offices, or one proposal, or one officer's, newest first.
select p.*, o.name as officer_name, o.username as officer_username
from proposal as p
join officer as o using (officer_id)
where
    (%(office_ids)s::text[] is null or p.office_id = any(%(office_ids)s))
    and (%(proposal_id)s::uuid is null or p.proposal_id = %(proposal_id)s)
    and (%(username)s::text is null or o.username = %(username)s)
order by p.created_at desc, p.proposal_id;
