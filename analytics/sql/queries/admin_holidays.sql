-- Every day that differs, also past ones.
select office_id, day, name, to_char(opens, 'HH24:MI') as opens, to_char(closes, 'HH24:MI') as closes
from holiday
order by day desc, office_id;
