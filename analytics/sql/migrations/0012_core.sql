-- What citizens ask of an office besides its wait. An office without a row is one of which it is not known.
-- Weekdays are ISO (1 = Monday), times of day are Viet Nam's. Office '*' is every office.
create table opening_hours (
    office_id text not null,
    weekday smallint not null check (weekday between 1 and 7),
    opens time not null,
    closes time not null,
    source text,
    primary key (office_id, weekday, opens),
    check (closes > opens)
);

-- A day that differs from its weekday: closed (no times), or open at other times.
create table holiday (
    office_id text not null default '*',
    day date not null,
    name text not null,
    opens time,
    closes time,
    primary key (office_id, day),
    check ((opens is null) = (closes is null) and (closes is null or closes > opens))
);

create table office_access (
    office_id text primary key,
    wheelchair boolean,
    priority_lane boolean,
    appointment_lane boolean,
    appointment_link text,
    source text
);

-- Administrative procedures, imported from the province's own list, and the offices that take them.
create table procedure_taken (
    procedure_id text primary key,
    name text not null,
    field text,
    link text,
    source text
);

create table office_procedure (
    procedure_id text not null references procedure_taken on delete cascade,
    office_id text not null,
    primary key (procedure_id, office_id)
);

-- What citizens say is wrong: no name, no address, no contact.
create table data_report (
    report_id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    office_id text not null,
    field text not null check (field in ('address', 'place', 'phone', 'hours', 'access', 'procedures', 'wait', 'other')),
    message text not null check (length(message) between 1 and 500),
    done_at timestamptz,
    done_by text
);

create index office_procedure_office on office_procedure (office_id);
create index data_report_at on data_report (at);
