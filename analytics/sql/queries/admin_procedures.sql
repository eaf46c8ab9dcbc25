-- Every procedure with the offices that take it, also those that are no longer in force.
select
    p.procedure_id, p.name, p.field, p.link,
    string_agg(o.office_id, ' ' order by o.office_id collate "C") as offices,
    p.source, p.valid_to
from procedure_taken as p
left join office_procedure as o using (procedure_id)
group by p.procedure_id
order by p.procedure_id;
