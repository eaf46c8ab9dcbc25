-- Each office's modes, newest first.
select office_id, valid_from, mode, legal_basis, proposed_by, confirmed_by
from officer_mode
where office_id = any(%(office_ids)s)
order by office_id, valid_from desc;
