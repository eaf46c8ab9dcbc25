-- Years of measurements for "motcua bench queries", made in the database. Working hours are 07:00 to 17:00 in Viet Nam, every day.
-- step: offices
insert into office (office_id, name, level, address, lat, lon)
select format('bench-%%s', i), format('Office %%s', i), 'commune', 'x', 10 + i * 0.001, 106
from generate_series(1, %(counters)s / 4) as i;

-- step: sources
insert into source (office_id, source_id, status, status_at, last_at, provenance)
select format('bench-%%s', 1 + i / 4), format('cam-%%s', i), 'online', %(now)s, %(now)s, 'camera'
from generate_series(0, %(counters)s - 1) as i;

-- step: received
insert into received (office_id, source_id, epoch, seqs)
select office_id, source_id, 1, int8multirange(int8range(1, 1000000)) from source;

-- step: visits
insert into visit (
    id, at, office_id, source_id, counter_id, lane, arrival_at, service_start_at, departure_at, outcome,
    waiting_s, service_s, sojourn_s, stitched_s, provenance, epoch, seq
)
select
    lpad(to_hex(i), 32, '0')::uuid,
    at,
    format('bench-%%s', 1 + counter / 4),
    format('cam-%%s', counter),
    case when outcome = 'served' then format('q%%s', counter %% 4) end,
    'ordinary',
    at - make_interval(secs => wait_s + serve_s),
    case when outcome = 'served' then at - make_interval(secs => serve_s) end,
    at,
    outcome,
    case when outcome = 'served' then wait_s end,
    case when outcome = 'served' then serve_s end,
    wait_s + serve_s,
    0,
    'camera',
    1,
    i
from (
    select
        i,
        (random() * (%(counters)s - 1))::int as counter,
        %(begin)s::timestamptz + interval '1 day' * (i * %(days)s / %(visits)s)
        + make_interval(secs => 36000.0 * ((i * %(days)s) %% %(visits)s) / %(visits)s) as at,
        case when random() < 0.9 then 'served' when random() < 0.7 then 'reneged' else 'lost' end as outcome,
        -ln(1 - random()) * 600 as wait_s,
        120 - ln(1 - random()) * 480 as serve_s
    from generate_series(0, %(visits)s::bigint - 1) as i
) as drawn
where at < %(now)s;

-- step: samples
insert into queue_sample (
    id, at, office_id, source_id, lane, state, waiting, expected_wait_s, n, provenance, epoch, seq,
    measured_s, waiting_person_s, queue_arrivals, queue_departures
)
select
    gen_random_uuid(), at, office_id, source_id, 'ordinary', 'ok', (random() * 9)::int, random() * 1800, 12, 'camera', 1, 1,
    5, random() * 40, (random() * 1.1)::int, (random() * 1.1)::int
from generate_series(%(now)s::timestamptz - interval '3 hours', %(now)s::timestamptz - interval '1 second', interval '5 seconds') as at
cross join source;

-- step: queue_now
insert into queue_now (office_id, source_id, lane, at, sample, provenance, committed_at)
select distinct on (office_id, source_id)
    office_id, source_id, lane, at, to_jsonb(q) - 'committed_at', provenance, at
from queue_sample as q
order by office_id, source_id, at desc;

-- step: queue_1m
insert into queue_1m_stored (bucket, office_id, source_id, lane, provenance, n, seen_n, waiting_sum, waiting_max, ok_n, expected_sum, blind_n)
select
    day + make_interval(mins => minute), office_id, source_id, 'ordinary', 'camera',
    12, 12, (random() * 90)::bigint, (random() * 9)::int, 12, random() * 12000, 0
from generate_series(%(begin)s::timestamptz + interval '1 day' * (%(days)s - 91), %(now)s, interval '1 day') as day
cross join generate_series(0, 599) as minute
cross join source
where day + make_interval(mins => minute) < %(now)s::timestamptz - interval '3 hours';

-- step: queue_1h
insert into queue_1h_stored (bucket, office_id, source_id, lane, provenance, n, seen_n, waiting_sum, waiting_max, ok_n, expected_sum, blind_n)
select
    day + make_interval(hours => hour), office_id, source_id, 'ordinary', 'camera',
    720, 720, (random() * 5400)::bigint, (random() * 9)::int, 720, random() * 720000, 0
from generate_series(%(begin)s::timestamptz, %(now)s, interval '1 day') as day
cross join generate_series(0, 9) as hour
cross join source
where day + make_interval(hours => hour) < %(now)s::timestamptz - interval '3 hours';

-- step: flow_1h
insert into flow_1h_stored (bucket, office_id, source_id, lane, provenance, n, measured_n, measured_s, waiting_person_s, arrivals, departures)
select bucket, office_id, source_id, lane, provenance, n, n, 3600, random() * 14000, (random() * 30)::bigint, (random() * 30)::bigint
from queue_1h_stored;

-- step: parts
insert into part_count (
    id, at, office_id, source_id, part, period_start, period_end, measured_s, joined, left_unserved, started, provenance, epoch, seq
)
select
    gen_random_uuid(), at, format('bench-%%s', office), part, part, at - interval '1 minute', at, 60,
    '{"ordinary": 1}', case when part = 'arrivals' then '{}'::jsonb end,
    case when part = 'services' then '[{"counter_id": "q1", "lane": "ordinary", "started": 1}]'::jsonb else '[]' end, 'camera', 1, 1
from generate_series(%(now)s::timestamptz - interval '8 days', %(now)s, interval '1 minute') as at
cross join generate_series(1, greatest(%(counters)s / 40, 1)) as office
cross join unnest(array['arrivals', 'services']) as part
where extract(hour from at at time zone 'Asia/Ho_Chi_Minh') between 7 and 16;

-- step: sentiment
insert into sentiment (
    id, at, office_id, source_id, counter_id, period_start, period_end, n, valence_sum, valence_sum2, class_sums, provenance, model, epoch, seq
)
select
    gen_random_uuid(), bucket + interval '1 hour', office_id, source_id, 'q1', bucket, bucket + interval '1 hour', 6, 1, 2,
    '{"happy": 2.5, "neutral": 3.5}', 'camera', 'm', 1, 1
from queue_1h_stored
where bucket >= %(now)s::timestamptz - interval '90 days';
