-- A role that reads of the devices what EMQX asks for, and nothing else. psql -v password=… -f role.sql; twice is harmless.
do $$ begin
    if not exists (select from pg_roles where rolname = 'emqx') then create role emqx login; end if;
end $$;
alter role emqx password :'password';
grant usage on schema public to emqx;
grant select (device_id, kind, office_id, source_id, secret_hash, revoked_at) on device to emqx;
