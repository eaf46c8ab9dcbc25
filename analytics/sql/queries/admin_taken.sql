-- The procedures that every office takes which is valid on a day, or which takes any.
select o.office_id, string_agg(p.procedure_id, ' ' order by p.procedure_id collate "C") as procedures
from office as o
left join office_procedure as p using (office_id)
where o.level <> 'demo' and (p.office_id is not null or o.valid_to is null or o.valid_to > %(day)s)
group by o.office_id
order by o.office_id;
