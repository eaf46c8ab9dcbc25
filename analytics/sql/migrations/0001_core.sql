-- The tables of every back end. What differs between TimescaleDB and plain PostgreSQL follows in 0001_timescale / 0001_plain.
-- Instants are timestamptz (UTC inside), durations seconds, null means unknown. Days are Viet Nam's days.

-- Offices, units and counters are data, with parent, level and validity in time.
create table office (
    office_id text primary key,
    code_gso text,
    name text not null,
    unit_name text,
    level text not null check (level in ('province', 'district', 'commune', 'demo')),
    parent_id text,
    address text,
    phone text,
    lat double precision check (lat between -90 and 90),
    lon double precision check (lon between -180 and 180),
    coordinate_quality text check (coordinate_quality in ('building', 'street', 'centroid', 'approximate', 'survey')),
    opening_hours text,
    replaces text,
    source text,
    valid_from date,
    valid_to date,
    updated_at timestamptz not null default now()
);

-- A source is what publishes: an agent's camera, a kiosk, a simulator. It appears with its first message.
create table source (
    source_id text not null,
    office_id text not null,
    status text not null default 'unknown' check (status in ('online', 'degraded', 'stopping', 'offline', 'unknown')),
    status_at timestamptz,
    last_at timestamptz,
    last_seen_at timestamptz not null default now(),
    provenance text,
    health jsonb,
    primary key (office_id, source_id)
);

-- What has been committed of each source and epoch: a gap in seqs is a message that has not arrived.
create table received (
    office_id text not null,
    source_id text not null,
    epoch bigint not null,
    seqs int8multirange not null,
    updated_at timestamptz not null default now(),
    primary key (office_id, source_id, epoch)
);

create table visit (
    id uuid not null,
    at timestamptz not null,
    office_id text not null,
    source_id text not null,
    counter_id text,
    lane text not null,
    arrival_at timestamptz not null,
    service_start_at timestamptz,
    departure_at timestamptz not null,
    outcome text not null check (outcome in ('served', 'reneged', 'balked', 'lost')),
    waiting_s double precision,
    service_s double precision,
    sojourn_s double precision not null,
    stitched_s double precision not null,
    provenance text not null,
    model text,
    epoch bigint not null,
    seq bigint not null,
    committed_at timestamptz not null default clock_timestamp(),
    primary key (id, at)
);

create table queue_sample (
    id uuid not null,
    at timestamptz not null,
    office_id text not null,
    source_id text not null,
    lane text not null,
    state text not null check (state in ('ok', 'too_few', 'stale', 'blind', 'closed', 'unknown')),
    waiting integer,
    in_service integer,
    open_counters integer,
    arrivals_per_h double precision,
    services_per_h double precision,
    oldest_wait_s double precision,
    expected_wait_s double precision,
    low_s double precision,
    high_s double precision,
    n integer not null,
    counters jsonb not null default '[]',
    provenance text not null,
    model text,
    epoch bigint not null,
    seq bigint not null,
    committed_at timestamptz not null default clock_timestamp(),
    primary key (id, at)
);

create table sentiment (
    id uuid not null,
    at timestamptz not null,
    office_id text not null,
    source_id text not null,
    counter_id text not null,
    period_start timestamptz not null,
    period_end timestamptz not null,
    n integer not null check (n >= 5),
    valence_sum double precision not null,
    valence_sum2 double precision not null,
    class_sums jsonb not null,
    provenance text not null,
    model text not null,
    epoch bigint not null,
    seq bigint not null,
    committed_at timestamptz not null default clock_timestamp(),
    primary key (id, at)
);

create table rating (
    id uuid not null,
    at timestamptz not null,
    office_id text not null,
    source_id text not null,
    counter_id text,
    score smallint not null check (score between 1 and 5),
    channel text not null,
    procedure_id text,
    provenance text not null,
    epoch bigint not null,
    seq bigint not null,
    committed_at timestamptz not null default clock_timestamp(),
    primary key (id, at)
);

create table ticket (
    id uuid not null,
    at timestamptz not null,
    office_id text not null,
    source_id text not null,
    counter_id text,
    ticket text not null,
    event text not null,
    lane text not null,
    procedure_id text,
    provenance text not null,
    epoch bigint not null,
    seq bigint not null,
    committed_at timestamptz not null default clock_timestamp(),
    primary key (id, at)
);

create table health (
    id uuid not null,
    at timestamptz not null,
    office_id text not null,
    source_id text not null,
    status text not null,
    body jsonb not null,
    provenance text not null,
    epoch bigint not null,
    seq bigint not null,
    committed_at timestamptz not null default clock_timestamp(),
    primary key (id, at)
);

-- The newest queue sample of each source and lane: live pages read this, never the history.
create table queue_now (
    office_id text not null,
    source_id text not null,
    lane text not null,
    at timestamptz not null,
    sample jsonb not null,
    provenance text not null,
    committed_at timestamptz not null,
    primary key (office_id, source_id, lane)
);

create table dead_letter (
    dead_letter_id bigint generated always as identity primary key,
    digest bytea not null unique,
    topic text not null,
    payload bytea not null,
    reason text not null,
    first_at timestamptz not null default now(),
    last_at timestamptz not null default now(),
    times bigint not null default 1
);

create table account (
    username text primary key,
    password_hash text not null,
    role text not null check (role in ('supervisor', 'hr', 'officer', 'analyst', 'admin')),
    office_id text,
    disabled boolean not null default false,
    must_change boolean not null default false,
    created_at timestamptz not null default now()
);

create table session (
    token_hash bytea primary key,
    username text not null references account on delete cascade,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
);

create table audit (
    audit_id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    username text,
    action text not null,
    detail jsonb not null default '{}'
);

create index visit_at on visit (at);
create index queue_sample_at on queue_sample (at);
create index sentiment_office_at on sentiment (office_id, at);
create index rating_office_at on rating (office_id, at);
create index ticket_office_at on ticket (office_id, at);
create index health_at on health (at);
create index dead_letter_last_at on dead_letter (last_at);
create index audit_at on audit (at);
create index session_expires_at on session (expires_at);

-- Waits fall into bins of a minute up to two hours; 120 holds the rest.
create function wait_bin(seconds double precision) returns smallint
language sql immutable parallel safe
as $$ select least(floor(seconds / 60), 120)::smallint $$;
