SELECT
    instructions.fingerprint,
    instructions.messages,
    instructions.system,
    instructions.tools,
    pool_members.source,
    pool_members.labels,
    pool_members.metadata
FROM subsets
JOIN subset_members USING (subset_id)
JOIN instructions USING (instruction_id)
LEFT JOIN pool_members
    ON pool_members.pool_id = subsets.pool_id
    AND pool_members.instruction_id = subset_members.instruction_id
    AND pool_members.added_version <= subsets.pool_version
    AND (pool_members.removed_version IS NULL OR pool_members.removed_version > subsets.pool_version)
WHERE subsets.subset_id = $id AND $version = subsets.version
ORDER BY subset_members.rank
