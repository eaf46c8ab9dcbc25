-- Answers by officer, shift, hour and procedure, with the mean wait of that hour at the office; null officer: no shift explains them.
with answer as (
    select
        r.*,
        coalesce(r.served_at, r.at) as moment
    from rating as r
    where
        r.office_id = any(%(office_ids)s) and r.at >= %(since)s and r.at < %(until)s
        and r.provenance = any(%(provenances)s) and r.counter_id is not null
),

wait as (
    select office_id, bucket, sum(wait_sum) / sum(n) / 60 as wait_min
    from visit_1h
    where
        office_id = any(%(office_ids)s) and bucket >= %(since)s::timestamptz - interval '1 day' and bucket < %(until)s and started
        and provenance = any(%(visit_provenances)s)
    group by office_id, bucket
)

select
    s.officer_id,
    a.office_id,
    s.shift_id,
    extract(hour from a.moment at time zone 'Asia/Ho_Chi_Minh')::int as hour,
    a.procedure_id,
    w.wait_min,
    count(*)::bigint as n,
    sum(a.score)::bigint as total,
    sum(a.score * a.score)::bigint as squares
from answer as a
left join shift as s
    on s.office_id = a.office_id and s.counter_id = a.counter_id and a.moment >= s.start_at and a.moment < s.end_at
    and (
        a.served_at is not null or not exists (
            select from shift as before
            where
                before.office_id = s.office_id and before.counter_id = s.counter_id and before.officer_id <> s.officer_id
                and before.end_at <= a.at and before.end_at > a.at - interval '5 minutes'
        )
    )
left join wait as w on w.office_id = a.office_id and w.bucket = date_trunc('hour', a.moment)
group by 1, 2, 3, 4, 5, 6
order by 1, 2, 3, 4, 5, 6;
