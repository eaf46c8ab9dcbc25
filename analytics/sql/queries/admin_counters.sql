-- Every counter that was registered.
select office_id, counter_id, name, lanes, note, valid_to
from counter
order by office_id, counter_id;
