-- The load as members: one row an instruction.
CREATE TEMP TABLE loaded AS
SELECT
    instructions.instruction_id,
    staged.row_number + $offset AS row_number,
    staged.source,
    staged.labels,
    staged.metadata::JSON AS metadata
FROM read_parquet(getvariable('staged')) AS staged
JOIN keys USING (row_number)
JOIN instructions ON instructions.fingerprint = keys.fingerprint
