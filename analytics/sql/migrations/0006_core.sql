-- A dead letter keeps what came; a repair stands beside it, and its replay is noted.
alter table dead_letter add column repaired bytea;
alter table dead_letter add column repaired_topic text;
alter table dead_letter add column repaired_at timestamptz;
alter table dead_letter add column repaired_by text;
alter table dead_letter add column replayed_at timestamptz;
alter table dead_letter add column replayed_by text;

-- Who may connect to the broker. A device is one connection: its id is its user name and its MQTT client id.
-- Only the hash of its secret is kept, in mosquitto's form: $7$rounds$salt$hash, PBKDF2 with SHA-512.
create table device (
    device_id text primary key check (device_id ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$'),
    kind text not null check (kind in ('camera_box', 'kiosk', 'feed', 'ingestor')),
    office_id text,
    source_id text,
    secret_hash text not null,
    note text,
    created_at timestamptz not null default now(),
    created_by text not null,
    rotated_at timestamptz,
    revoked_at timestamptz,
    revoked_by text,
    check ((kind = 'ingestor') = (office_id is null) and (office_id is null) = (source_id is null))
);

-- One live credential for each source.
create unique index device_source on device (office_id, source_id) where revoked_at is null;
