-- How long the rows of each table live, from where on they are there, what was deleted, and what came too late for its rollups.
select relation, keep_days, archive, case when isfinite(floor) then floor end as kept_from, deleted, too_late, run_at
from retention
order by relation;
