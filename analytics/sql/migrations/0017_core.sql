-- Officers' faces: off, unless HR and admin together have switched them on for an office, for one use. And comments that HR may hide.

-- A change that one of them has asked for, and what became of it. One may be open for an office.
create table officer_mode_change (
    change_id uuid primary key,
    office_id text not null references office,
    mode text not null check (mode in ('off', 'self', 'aggregate', 'evidence')),
    legal_basis text not null check (length(btrim(legal_basis)) between 10 and 1000),
    proposed_by text not null,
    proposed_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    outcome text check (outcome in ('confirmed', 'withdrawn', 'expired')),
    ended_by text,
    ended_at timestamptz,
    check (expires_at > proposed_at and expires_at <= proposed_at + interval '14 days'),
    check ((outcome is null) = (ended_at is null))
);

create unique index officer_mode_change_open on officer_mode_change (office_id) where outcome is null;

-- The mode of an office from an instant on; an office without a row is off. Rows stay for ever.
create table officer_mode (
    office_id text not null references office,
    valid_from timestamptz not null default clock_timestamp(),
    mode text not null,
    legal_basis text not null,
    proposed_by text not null,
    confirmed_by text not null,
    change_id uuid not null unique references officer_mode_change,
    primary key (office_id, valid_from),
    check (proposed_by <> confirmed_by)
);

-- What the face behind a counter showed, as sums over 5 services or more. Whose face it was, the roster tells; no face does.
create table officer_expression (
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
    mode text not null check (mode in ('self', 'aggregate', 'evidence')),
    model text not null,
    provenance text not null,
    epoch bigint not null,
    seq bigint not null,
    committed_at timestamptz not null default clock_timestamp(),
    primary key (id, at),
    check (period_end >= period_start + interval '1 hour')
);

create index officer_expression_office on officer_expression (office_id, period_start);

-- The mode that holds now, and since when.
create function officer_mode_now(office text, out mode text, out valid_from timestamptz) language sql stable
as $$
    select m.mode, m.valid_from from officer_mode as m where m.office_id = office order by m.valid_from desc limit 1
$$;

-- What may be looked at: gathered under the mode that holds now, and after it began.
create view officer_expression_allowed as
select e.*
from officer_expression as e
cross join lateral officer_mode_now(e.office_id) as m
where e.mode = m.mode and e.period_start >= m.valid_from;

-- Rows are taken only for the mode that holds; a change waits for them, and they for it.
create function officer_expression_gate() returns trigger language plpgsql
as $$
declare
    held record;
begin
    perform pg_advisory_xact_lock_shared(7203415011);
    select * into held from officer_mode_now(new.office_id);
    if new.mode is distinct from coalesce(held.mode, 'off') or new.period_start < held.valid_from then
        raise exception 'officers'' faces: the mode of % is %, these sums were gathered under %',
            new.office_id, coalesce(held.mode, 'off'), new.mode using errcode = 'check_violation';
    end if;
    return new;
end
$$;

create trigger officer_expression_gate before insert or update on officer_expression
for each row execute function officer_expression_gate();

-- Two people, one of HR and one admin; the database's own clock; what was gathered before goes.
create function officer_mode_gate() returns trigger language plpgsql
as $$
declare
    asked officer_mode_change;
    roles text[];
begin
    perform pg_advisory_xact_lock(7203415011);
    new.valid_from := clock_timestamp();
    select * into asked from officer_mode_change where change_id = new.change_id for update;
    if asked.change_id is null or asked.outcome is not null or asked.expires_at <= new.valid_from
        or (asked.office_id, asked.mode, asked.legal_basis, asked.proposed_by)
            is distinct from (new.office_id, new.mode, new.legal_basis, new.proposed_by) then
        raise exception 'a mode needs an open change that asked for it' using errcode = 'check_violation';
    end if;
    select array_agg(role order by role) into roles from account
    where username in (new.proposed_by, new.confirmed_by) and not disabled;
    if roles is distinct from array['admin', 'hr'] then
        raise exception 'a mode needs HR and admin together' using errcode = 'check_violation';
    end if;
    update officer_mode_change set outcome = 'confirmed', ended_by = new.confirmed_by, ended_at = new.valid_from
    where change_id = new.change_id;
    delete from officer_expression where office_id = new.office_id;
    return new;
end
$$;

create trigger officer_mode_gate before insert on officer_mode for each row execute function officer_mode_gate();
create trigger officer_mode_append_only before update or delete on officer_mode
for each row execute function refuse_change();
create trigger officer_mode_no_truncate before truncate on officer_mode
for each statement execute function refuse_change();

-- What was asked for stays as it was; only its end is written, once.
create function officer_mode_change_gate() returns trigger language plpgsql
as $$
begin
    if tg_op = 'DELETE' or old.outcome is not null
        or (old.change_id, old.office_id, old.mode, old.legal_basis, old.proposed_by, old.proposed_at, old.expires_at)
            is distinct from (new.change_id, new.office_id, new.mode, new.legal_basis, new.proposed_by, new.proposed_at, new.expires_at) then
        raise exception 'officer_mode_change is append-only' using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;

create trigger officer_mode_change_gate before update or delete on officer_mode_change
for each row execute function officer_mode_change_gate();

-- A comment that HR has taken out of sight, and why. Its text goes with the others'.
alter table rating_comment add column hidden_at timestamptz;
alter table rating_comment add column hidden_by text;
alter table rating_comment add column hidden_reason text;
