-- Little's sums of one office by hour: all sources that count.
select
    bucket,
    sum(measured_s) as measured_s,
    sum(waiting_person_s) as waiting_person_s,
    sum(arrivals)::bigint as arrivals,
    sum(departures)::bigint as departures
from flow_1h
where
    office_id = %(office_id)s and provenance = %(provenance)s and bucket >= %(since)s and bucket < %(until)s
    and measured_n > 0
group by bucket
order by bucket;
