-- Rows of sentiment of some offices with the conditions of their pictures. Hour: of the day in Viet Nam, where a row is of one hour.
select
    office_id || '/' || source_id as camera,
    office_id || '/' || counter_id as counter,
    (period_start at time zone 'Asia/Ho_Chi_Minh')::date::text as day,
    case
        when period_end = period_start + interval '1 hour'
        then extract(hour from period_start at time zone 'Asia/Ho_Chi_Minh')::int
    end as hour,
    n,
    valence_sum,
    light,
    face_px,
    unread,
    model,
    provenance,
    period_end
from sentiment
where office_id = any(%(office_ids)s) and period_end > %(since)s and period_end <= %(until)s
order by period_end, camera, counter;
