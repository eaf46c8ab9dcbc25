-- Messages that wait for their channel, the oldest first.
select
    d.channel,
    d.notice_id,
    d.attempts,
    n.office_id,
    coalesce(o.unit_name, o.name, n.office_id) as office_name,
    n.at,
    n.alerts
from alert_delivery as d
join alert_notice as n using (notice_id)
left join office as o using (office_id)
where d.state = 'waiting'
order by d.channel, n.at, d.notice_id;
