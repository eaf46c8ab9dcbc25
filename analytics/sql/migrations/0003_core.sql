-- Counts by the minute of cameras that see only a part of a queue: arrivals in the hall, service starts at the counters.
create table part_count (
    id uuid not null,
    at timestamptz not null,
    office_id text not null,
    source_id text not null,
    part text not null check (part in ('arrivals', 'services')),
    period_start timestamptz not null,
    period_end timestamptz not null,
    measured_s double precision not null,
    joined jsonb not null,
    left_unserved jsonb,
    waiting_person_s jsonb,
    started jsonb not null,
    provenance text not null,
    model text,
    epoch bigint not null,
    seq bigint not null,
    committed_at timestamptz not null default clock_timestamp(),
    primary key (id, at)
);

create index part_count_office_at on part_count (office_id, at);
create index part_count_at on part_count (at);
