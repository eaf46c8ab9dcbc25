-- How long rows live, as the settings said at the last migrate; null keeps them for ever. Below "floor" raw rows were deleted:
-- what the rollups hold of them is final, and rows that come still later are in no rollup ("too_late" counts them).
create table retention (
    relation text primary key,
    keep_days integer,
    archive boolean not null default false,
    floor timestamptz not null default '-infinity',
    deleted bigint not null default 0,
    too_late bigint not null default 0,
    run_at timestamptz
);

-- What left as Parquet: one row a file, by Viet Nam's days.
create table archive_part (
    relation text not null,
    day date not null,
    province text not null,
    part integer not null,
    path text not null,
    rows bigint not null,
    sha256 text not null,
    verified_at timestamptz not null,
    restored_at timestamptz,
    primary key (relation, day, province, part)
);
