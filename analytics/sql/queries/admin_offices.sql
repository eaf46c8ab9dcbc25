-- Every office but the demo's, also those that are no longer valid.
select
    office_id, name, unit_name, level, parent_id, code_gso, address, phone, lat, lon, coordinate_quality, opening_hours,
    replaces, source, valid_from, valid_to
from office
where level <> 'demo'
order by case level when 'province' then 0 when 'district' then 1 else 2 end, office_id;
