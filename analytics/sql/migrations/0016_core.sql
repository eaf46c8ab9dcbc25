-- Sentiment: how it changed within visits, under which conditions the faces were seen, which visits gave
-- no figure, and whether probabilities were calibrated. What is too small or too finely dated is refused here as at the border.
alter table sentiment add column change_n integer;
alter table sentiment add column change_sum double precision;
alter table sentiment add column change_sum2 double precision;
alter table sentiment add column arousal_n integer;
alter table sentiment add column arousal_sum double precision;
alter table sentiment add column arousal_sum2 double precision;
alter table sentiment add column light jsonb;
alter table sentiment add column face_px jsonb;
alter table sentiment add column unread jsonb;
alter table sentiment add column temperature double precision not null default 1;
alter table sentiment add column calibrated boolean not null default false;

alter table sentiment add constraint sentiment_hours check (
    period_end >= period_start + interval '1 hour'
    and extract(epoch from period_start) % 3600 = 0
    and extract(epoch from period_end) % 3600 = 0
    and extract(epoch from at) % 3600 = 0
) not valid;
alter table sentiment add constraint sentiment_few check (coalesce(change_n, 5) >= 5 and coalesce(arousal_n, 5) >= 5) not valid;

-- What readers of expressions got right on labelled pictures, by group where those shown had agreed: no picture, no name.
create table expression_audit (
    audit_id uuid primary key,
    at timestamptz not null,
    imported_at timestamptz not null default now(),
    imported_by text not null,
    reader text not null,
    version text not null,
    temperature double precision not null,
    calibrated boolean not null,
    pictures integer not null check (pictures > 0),
    dataset text not null,
    report jsonb not null
);

create index expression_audit_reader on expression_audit (reader, at desc);
