-- What an office's figures are measured against, each from a date on. Never changed: what is set again stands below, and the newest of
-- a date holds. scope: '*' (every office), a level, 'remote' (offices that the metric 'remote' marks), or 'office:' and an id; the nearest
-- that has a row by then decides. value null: no target from then on. plan_until: the last day that the source speaks of; afterwards the
-- value goes on until another one is set.
create table target (
    target_id bigint generated always as identity primary key,
    metric text not null check (metric in ('wait_mean_s', 'handling_mean_s', 'satisfaction_share', 'files_per_person_year', 'remote')),
    scope text not null check (scope in ('*', 'province', 'district', 'commune', 'demo', 'remote') or scope ~ '^office:.{1,64}$'),
    valid_from date not null,
    value double precision,
    plan_until date,
    source text not null check (length(source) between 3 and 300),
    set_by text not null,
    set_at timestamptz not null default now(),
    check (metric <> 'remote' or (value in (0, 1) and scope like 'office:%'))
);

create index target_of on target (metric, scope, valid_from);

create trigger target_frozen before update or delete on target for each row execute function refuse_change();
create trigger target_no_truncate before truncate on target for each statement execute function refuse_change();

-- Decision 974/QĐ-UBND of Vĩnh Long (29 April 2021), section I.2.
insert into target (metric, scope, valid_from, value, plan_until, source, set_by) values
('wait_mean_s', '*', '2022-01-01', 1800, '2022-12-31', '974/QĐ-UBND 29/4/2021, I.2.b: trung bình tối đa 30 phút', 'plan'),
('wait_mean_s', '*', '2023-01-01', 900, '2025-12-31', '974/QĐ-UBND 29/4/2021, I.2.c: trung bình tối đa 15 phút', 'plan'),
('handling_mean_s', '*', '2025-01-01', 1800, '2025-12-31', '974/QĐ-UBND 29/4/2021, I.2.c: 30 phút/01 hồ sơ (văn bản ghi "tối thiểu"; đọc là tối đa)', 'plan'),
('satisfaction_share', '*', '2025-01-01', 0.95, '2025-12-31', '974/QĐ-UBND 29/4/2021, I.2.c: tối thiểu 95 % vào năm 2025', 'plan'),
('files_per_person_year', 'province', '2023-01-01', 1600, '2025-12-31', '974/QĐ-UBND 29/4/2021, I.2.c: cấp tỉnh 1.600 hồ sơ', 'plan'),
('files_per_person_year', 'district', '2023-01-01', 1200, '2025-12-31', '974/QĐ-UBND 29/4/2021, I.2.c: cấp huyện 1.200 hồ sơ', 'plan'),
('files_per_person_year', 'remote', '2023-01-01', 800, '2025-12-31', '974/QĐ-UBND 29/4/2021, I.2.c: vùng sâu, xa, đặc biệt khó khăn 800 hồ sơ', 'plan');
