-- The load as members: one row an instruction.
CREATE TEMP TABLE loaded AS
SELECT
    coalesce(fresh.instruction_id, instructions.instruction_id) AS instruction_id,
    staged.row_number + $offset AS row_number,
    staged.source,
    staged.labels,
    staged.metadata::JSON AS metadata
FROM read_parquet(getvariable('staged')) AS staged
JOIN keys USING (row_number)
LEFT JOIN fresh USING (row_number)
LEFT JOIN instructions ON instructions.fingerprint = keys.fingerprint
