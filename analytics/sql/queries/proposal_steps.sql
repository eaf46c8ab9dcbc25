-- Steps of some proposals, in order.
select proposal_id, step, at, username, action, band, words
from proposal_step
where proposal_id = any(%(proposal_ids)s)
order by proposal_id, step;
