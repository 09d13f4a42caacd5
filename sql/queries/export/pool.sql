SELECT
    instructions.fingerprint,
    instructions.messages,
    instructions.system,
    instructions.tools,
    pool_members.source,
    pool_members.labels,
    pool_members.metadata
FROM pool_members
JOIN instructions USING (instruction_id)
WHERE pool_members.pool_id = $id
    AND pool_members.added_version <= $version
    AND (pool_members.removed_version IS NULL OR pool_members.removed_version > $version)
ORDER BY pool_members.row_number
