INSERT INTO pool_members (pool_id, instruction_id, added_version, removed_version, row_number, source, labels, metadata)
SELECT $pool_id, loaded.instruction_id, $version, NULL, loaded.row_number, loaded.source, loaded.labels, loaded.metadata
FROM loaded
JOIN changes USING (instruction_id)
WHERE changes.change IN ('added', 'updated')
