-- The Viet Nam days of an office's answers by QR, with how many.
select (at at time zone 'Asia/Ho_Chi_Minh')::date as day, count(*)::bigint as n
from rating
where office_id = %(office_id)s and channel = 'qr' and at >= %(since)s
group by 1
order by 1;
