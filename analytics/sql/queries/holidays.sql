-- Days that differ, from a day on.
select office_id, day, name, opens, closes
from holiday
where day >= %(since)s and day < %(until)s
order by day, office_id;
