-- The newest audit of each reader, version and temperature.
select * from (
    select distinct on (reader, version, temperature, calibrated)
        audit_id,
        at,
        imported_at,
        imported_by,
        reader,
        version,
        temperature,
        calibrated,
        pictures,
        dataset,
        report
    from expression_audit
    order by reader, version, temperature, calibrated, at desc, imported_at desc
) as newest
order by at desc, reader;
