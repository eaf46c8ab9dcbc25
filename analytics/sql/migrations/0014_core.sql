-- Alerts: rules by unit or office, what is remembered of everything watched, alerts with their history, messages and channels.

-- Rules and quiet hours, each for a scope ('*': all offices) from a day on. Never changed: the newest row of a day holds.
create table alert_setting (
    setting_id bigint generated always as identity primary key,
    scope_id text not null,
    kind text not null check (
        kind in ('wait_over', 'counter_closed', 'camera_blind', 'no_data', 'satisfaction_low', 'telling')
    ),
    valid_from date not null,
    body jsonb not null,
    set_by text not null,
    set_at timestamptz not null default now()
);

-- An alert as it stands. "told": what the last message about it said.
create table alert (
    alert_id uuid primary key,
    office_id text not null,
    kind text not null check (kind in ('wait_over', 'counter_closed', 'camera_blind', 'no_data', 'satisfaction_low')),
    subject text not null,
    raised_at timestamptz not null,
    first_raised_at timestamptz not null,
    times integer not null default 1,
    cleared_at timestamptz,
    cleared_because text check (cleared_because in ('good', 'closed', 'gone', 'rule_off')),
    unknown_since timestamptz,
    facts jsonb not null default '{}',
    facts_at timestamptz not null,
    provenance text,
    told text not null default 'none' check (told in ('none', 'raised', 'cleared')),
    acknowledged_at timestamptz,
    acknowledged_by text,
    assigned_to text,
    check ((cleared_at is null) = (cleared_because is null))
);

create unique index alert_standing on alert (office_id, kind, subject) where cleared_at is null;
create index alert_office on alert (office_id, raised_at);
create index alert_raised_at on alert (raised_at);

-- What happened to an alert, in order. It goes with its alert and in no other way.
create table alert_event (
    alert_id uuid not null references alert on delete cascade,
    step integer not null,
    at timestamptz not null,
    event text not null check (event in ('raised', 'acknowledged', 'assigned', 'commented', 'cleared', 'notified')),
    username text,
    words text check (length(words) <= 2000),
    detail jsonb not null default '{}',
    primary key (alert_id, step)
);

-- What is remembered of each (office, kind, source) between two looks, and when the last look was.
create table alert_watch (
    office_id text not null,
    kind text not null,
    subject text not null,
    raised boolean not null,
    evidence_s double precision not null,
    verdict text not null,
    alert_id uuid,
    cleared_at timestamptz,
    primary key (office_id, kind, subject)
);

create table alert_look (
    single boolean primary key default true check (single),
    at timestamptz not null
);

-- A channel as the runner knows it: never its address.
create table alert_channel (
    channel text primary key,
    service text not null,
    active boolean not null default true,
    sent_at timestamptz,
    failures integer not null default 0,
    failed_at timestamptz,
    error text,
    next_at timestamptz
);

-- A message about one office's alerts, and what became of it on each channel.
create table alert_notice (
    notice_id uuid primary key,
    office_id text not null,
    at timestamptz not null,
    alerts jsonb not null
);

create table alert_delivery (
    notice_id uuid not null references alert_notice on delete cascade,
    channel text not null,
    state text not null default 'waiting' check (state in ('waiting', 'sent', 'given_up')),
    attempts integer not null default 0,
    done_at timestamptz,
    error text,
    primary key (notice_id, channel)
);

create index alert_notice_office on alert_notice (office_id, at);
create index alert_notice_at on alert_notice (at);
create index alert_delivery_waiting on alert_delivery (channel) where state = 'waiting';

create function alert_history() returns trigger language plpgsql
as $$
begin
    if tg_op = 'DELETE' and tg_table_name = 'alert_event' then
        if not exists (select from alert where alert_id = old.alert_id) then
            return old;
        end if;
    elsif tg_op = 'DELETE' and tg_table_name = 'alert' then
        if old.cleared_at < now() - interval '31 days' then
            return old;
        end if;
    end if;
    raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end
$$;

create trigger alert_event_append_only before update or delete on alert_event
for each row execute function alert_history();
create trigger alert_event_no_truncate before truncate on alert_event
for each statement execute function alert_history();
create trigger alert_kept before delete on alert for each row execute function alert_history();
create trigger alert_setting_frozen before update or delete on alert_setting
for each row execute function alert_history();
