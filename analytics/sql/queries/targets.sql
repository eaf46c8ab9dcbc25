-- Every target that was ever set.
select target_id, metric, scope, valid_from, value, plan_until, source, set_by
from target
order by metric, scope, valid_from, target_id;
