-- Satisfaction as it was published: an office's figure of a whole quarter, written once. Answers that come later change nothing that
-- was published, so that two publications differ by no single answer.
create table satisfaction_published (
    office_id text not null references office,
    since date not null check (since = date_trunc('quarter', since)::date),
    until date not null check (until = (since + interval '3 months')::date),
    n integer not null check (n >= 5),
    share double precision not null,
    low double precision not null,
    high double precision not null,
    satisfied_from smallint not null,
    published_at timestamptz not null default clock_timestamp(),
    primary key (office_id, since),
    check (0 <= low and low <= share and share <= high and high <= 1)
);

create trigger satisfaction_published_once before update on satisfaction_published
for each row execute function refuse_change();
