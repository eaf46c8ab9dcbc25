-- Every comment of an office that is kept, with what HR hid.
select c.rating_id, c.at, c.comment, c.hidden_at, c.hidden_by, c.hidden_reason, r.provenance
from rating_comment as c
left join rating as r on r.id = c.rating_id and r.at = c.at
where c.office_id = %(office_id)s
order by c.at desc;
