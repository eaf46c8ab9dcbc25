-- What the cameras of some offices last said of officers' faces and of citizens' faces.
select office_id, source_id, health ->> 'officer_faces' as officer_faces, health ->> 'sentiment_on' as sentiment_on, last_seen_at
from source
where office_id = any(%(office_ids)s) and health ->> 'officer_faces' is not null
order by office_id, source_id;
