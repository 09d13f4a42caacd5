INSERT INTO folded_records (pool_id, version, instruction_id, file, row_number, source, labels, metadata)
SELECT $pool_id, $version, instruction_id, file, row_number, source, labels, metadata
FROM folded
ORDER BY row_number
