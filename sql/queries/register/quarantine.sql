INSERT INTO quarantine (pool_id, version, file, row_number, position, reason, detail, raw)
SELECT $pool_id, $version, file, row_number + $offset, position, reason, detail, raw
FROM read_parquet(getvariable('quarantined'))
