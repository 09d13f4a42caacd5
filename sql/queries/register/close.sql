UPDATE pool_members
SET removed_version = $version
FROM changes
WHERE changes.instruction_id = pool_members.instruction_id
    AND changes.change IN ('removed', 'updated')
    AND pool_members.pool_id = $pool_id
    AND pool_members.removed_version IS NULL
