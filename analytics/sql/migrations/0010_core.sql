-- Asked-for ratings, the roster, proposals about an officer's service, and an audit log that shows tampering.

-- When the service ended that is rated, where the asker knows it; and a reason from a fixed list.
alter table rating add column served_at timestamptz;
alter table rating add column reason text;

-- A comment stands apart from its rating: few may read it, and it goes sooner.
create table rating_comment (
    rating_id uuid primary key,
    at timestamptz not null,
    office_id text not null,
    comment text not null
);

-- A used token, so that each counts once. Only its hash is kept.
create table rating_token (
    token_hash bytea primary key,
    rating_id uuid not null,
    used_at timestamptz not null default now()
);

-- A kiosk asks for ratings at one counter, or at the door of an office (no counter). Only the hash of its token is kept.
create table kiosk (
    office_id text not null references office,
    kiosk_id text not null,
    counter_id text,
    token_hash bytea not null unique,
    provenance text not null default 'kiosk' check (provenance in ('kiosk', 'simulated')),
    created_at timestamptz not null default now(),
    disabled_at timestamptz,
    primary key (office_id, kiosk_id)
);

-- What each import of a file came to: the errors by line, the columns that were dropped unread.
create table rating_import (
    import_id uuid primary key,
    at timestamptz not null default now(),
    username text not null,
    lines integer not null,
    imported integer not null,
    duplicates integer not null,
    dropped_columns text[] not null,
    errors jsonb not null
);

-- Officers and who sits at which counter: from the roster, never from a face.
create table officer (
    officer_id text primary key,
    name text not null,
    office_id text not null references office,
    username text unique references account,
    updated_at timestamptz not null default now()
);

create table shift (
    shift_id uuid primary key,
    officer_id text not null references officer,
    office_id text not null references office,
    counter_id text not null,
    start_at timestamptz not null,
    end_at timestamptz not null,
    updated_by text,
    updated_at timestamptz not null default now(),
    check (end_at > start_at and end_at <= start_at + interval '24 hours')
);

create index shift_counter on shift (office_id, counter_id, start_at);
create index shift_officer on shift (officer_id, start_at);
create index officer_office on officer (office_id);

-- Bands, points and smallest numbers, each from a date on. Never changed: a new date is a new row.
create table attitude_rule (
    valid_from date primary key,
    rule jsonb not null,
    set_by text not null,
    set_at timestamptz not null default now()
);

-- A proposal about one officer and one period, with the evidence as aggregates, frozen when it is made.
create table proposal (
    proposal_id uuid primary key,
    officer_id text not null references officer,
    office_id text not null references office,
    period_start date not null,
    period_end date not null,
    provenance text not null,
    evidence jsonb not null,
    points double precision not null,
    band text not null,
    rule_from date not null,
    created_by text not null,
    created_at timestamptz not null default now(),
    check (period_end > period_start)
);

create unique index proposal_once on proposal (officer_id, period_start, period_end);
create index proposal_office on proposal (office_id);

-- What was done with a proposal, in order: its state follows from its last step.
create table proposal_step (
    proposal_id uuid not null references proposal,
    step integer not null,
    at timestamptz not null default now(),
    username text not null,
    action text not null check (action in ('propose', 'see', 'comment', 'decide', 'appeal', 'resolve', 'close')),
    band text,
    words text,
    primary key (proposal_id, step)
);

-- Nothing is changed or removed; only a clean-up of old proposals may, and must say so (motcua.retention).
create function refuse_change() returns trigger language plpgsql
as $$
begin
    if tg_op = 'DELETE' and tg_table_name in ('proposal', 'proposal_step')
        and current_setting('motcua.retention', true) = 'on' then
        return old;
    end if;
    raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end
$$;

create trigger proposal_step_append_only before update or delete on proposal_step
for each row execute function refuse_change();
create trigger proposal_step_no_truncate before truncate on proposal_step
for each statement execute function refuse_change();
create trigger proposal_frozen before update or delete on proposal
for each row execute function refuse_change();
create trigger attitude_rule_frozen before update or delete on attitude_rule
for each row execute function refuse_change();

-- The audit log as a hash chain: each row's hash is over its text and the hash before it; the head holds the newest.
alter table audit add column chain_no bigint unique;
alter table audit add column hash bytea;

create table audit_head (
    single boolean primary key default true check (single),
    chain_no bigint not null,
    hash bytea not null
);

insert into audit_head (chain_no, hash) values (0, sha256('motcua'::bytea));

create function audit_text(chain_no bigint, at timestamptz, username text, action text, detail jsonb) returns text
language sql stable
as $$
    select jsonb_build_array(
        chain_no, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), username, action, detail
    )::text
$$;

create function audit_chain() returns trigger language plpgsql
as $$
declare
    head audit_head;
begin
    select * into head from audit_head for update;
    new.chain_no := head.chain_no + 1;
    new.hash := sha256(head.hash || convert_to(audit_text(new.chain_no, new.at, new.username, new.action, new.detail), 'UTF8'));
    update audit_head set chain_no = new.chain_no, hash = new.hash;
    return new;
end
$$;

do $$
declare
    row record;
    head audit_head;
begin
    for row in select * from audit order by audit_id loop
        select * into head from audit_head;
        head.hash := sha256(head.hash || convert_to(audit_text(head.chain_no + 1, row.at, row.username, row.action, row.detail), 'UTF8'));
        update audit set chain_no = head.chain_no + 1, hash = head.hash where audit_id = row.audit_id;
        update audit_head set chain_no = head.chain_no + 1, hash = head.hash;
    end loop;
end
$$;

alter table audit alter column chain_no set not null;
alter table audit alter column hash set not null;

create trigger audit_chained before insert on audit for each row execute function audit_chain();
create trigger audit_append_only before update or delete on audit for each row execute function refuse_change();
create trigger audit_no_truncate before truncate on audit for each statement execute function refuse_change();
