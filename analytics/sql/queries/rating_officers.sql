-- Answers by office, counter and the officer whose shift they fall in (null: no shift, or two officers could be meant).
select r.office_id, r.counter_id, s.officer_id, r.provenance, count(*)::bigint as n
from rating as r
left join shift as s
    on s.office_id = r.office_id and s.counter_id = r.counter_id
    and coalesce(r.served_at, r.at) >= s.start_at and coalesce(r.served_at, r.at) < s.end_at
    and (
        r.served_at is not null or not exists (
            select from shift as before
            where
                before.office_id = s.office_id and before.counter_id = s.counter_id and before.officer_id <> s.officer_id
                and before.end_at <= r.at and before.end_at > r.at - interval '5 minutes'
        )
    )
where r.office_id = any(%(office_ids)s) and r.at >= %(since)s and r.at < %(until)s
group by 1, 2, 3, 4
order by 1, 2, 3, 4;
