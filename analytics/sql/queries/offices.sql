-- Every office that is valid on a day, with what live pages need of it.
select
    office_id, code_gso, name, unit_name, level, parent_id, address, phone, lat, lon, coordinate_quality,
    opening_hours, replaces, source, valid_from, valid_to
from office
where (valid_from is null or valid_from <= %(day)s) and (valid_to is null or valid_to > %(day)s)
order by case level when 'province' then 0 when 'district' then 1 when 'commune' then 2 else 3 end, office_id;
