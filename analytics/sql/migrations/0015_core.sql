-- What administrators keep: counters by name, and until when a procedure is in force. A retired row stays: figures speak of it.

-- A counter of an office; its id is the one in every message. It may be registered before it is first heard of, or never.
create table counter (
    office_id text not null references office,
    counter_id text not null,
    name text not null,
    lanes text,
    note text,
    valid_to date,
    updated_at timestamptz not null default now(),
    primary key (office_id, counter_id)
);

-- The first day on which a procedure is no longer taken anywhere; null: in force.
alter table procedure_taken add column valid_to date;
