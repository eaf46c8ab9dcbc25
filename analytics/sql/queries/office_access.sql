-- Who can get in, and by which lane.
select office_id, wheelchair, priority_lane, appointment_lane, appointment_link from office_access order by office_id;
