-- One office, new or changed.
insert into office (
    office_id, code_gso, name, unit_name, level, parent_id, address, phone, lat, lon, coordinate_quality,
    opening_hours, replaces, source, valid_from, valid_to
)
values (
    %(office_id)s, %(code_gso)s, %(name)s, %(unit_name)s, %(level)s, %(parent_id)s, %(address)s, %(phone)s, %(lat)s, %(lon)s,
    %(coordinate_quality)s, %(opening_hours)s, %(replaces)s, %(source)s, %(valid_from)s, %(valid_to)s
)
on conflict (office_id) do update set
    code_gso = excluded.code_gso, name = excluded.name, unit_name = excluded.unit_name, level = excluded.level,
    parent_id = excluded.parent_id, address = excluded.address, phone = excluded.phone, lat = excluded.lat,
    lon = excluded.lon, coordinate_quality = excluded.coordinate_quality, opening_hours = excluded.opening_hours,
    replaces = excluded.replaces, source = excluded.source, valid_from = excluded.valid_from,
    valid_to = excluded.valid_to, updated_at = now();
