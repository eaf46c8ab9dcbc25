-- Changes that were asked for and have not ended, of some offices or one of them.
select change_id, office_id, mode, legal_basis, proposed_by, proposed_at, expires_at
from officer_mode_change
where
    outcome is null and (%(office_ids)s::text[] is null or office_id = any(%(office_ids)s))
    and (%(change_id)s::uuid is null or change_id = %(change_id)s)
order by office_id;
