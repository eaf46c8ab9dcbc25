-- The offices that are valid on a day, or all that were ever known.
select
    office_id, code_gso, name, unit_name, level, parent_id, address, phone, lat, lon, coordinate_quality,
    opening_hours, replaces, source, valid_from, valid_to
from office
where
    %(day)s::date is null
    or ((valid_from is null or valid_from <= %(day)s) and (valid_to is null or valid_to > %(day)s))
order by case level when 'province' then 0 when 'district' then 1 when 'commune' then 2 else 3 end, office_id;
