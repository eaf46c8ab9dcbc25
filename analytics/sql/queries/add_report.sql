-- Keep a report, unless the day's number is reached, or the same words wait already.
insert into data_report (office_id, field, message)
select %(office_id)s, %(field)s, %(message)s
where
    (select count(*) from data_report where at > now() - interval '1 day') < %(per_day)s
    and not exists (
        select from data_report
        where office_id = %(office_id)s and field = %(field)s and message = %(message)s and done_at is null
    )
returning report_id;
