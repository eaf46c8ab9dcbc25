-- One counter, new or changed.
insert into counter (office_id, counter_id, name, lanes, note, valid_to)
values (%(office_id)s, %(counter_id)s, %(name)s, %(lanes)s, %(note)s, %(valid_to)s)
on conflict (office_id, counter_id) do update set
    name = excluded.name, lanes = excluded.lanes, note = excluded.note, valid_to = excluded.valid_to, updated_at = now();
