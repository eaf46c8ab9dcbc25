-- Procedures that are in force, with the offices that take them.
select
    p.procedure_id, p.name, p.field, p.link, p.source,
    array_agg(o.office_id order by o.office_id) filter (where o.office_id is not null) as offices
from procedure_taken as p
left join office_procedure as o using (procedure_id)
where p.valid_to is null or p.valid_to > (now() at time zone 'Asia/Ho_Chi_Minh')::date
group by p.procedure_id
order by p.name, p.procedure_id;
