-- Members that nothing else changes, and whose media files had other contents in the older version: they are updated.
INSERT INTO changes (instruction_id, change)
WITH files AS (
    SELECT instruction_id, version, list(sha256 || coalesce(' ' || path, '') ORDER BY path, sha256) AS contents
    FROM media_files
    WHERE pool_id = $pool_id
    GROUP BY instruction_id, version
)
SELECT old.instruction_id, 'updated'
FROM pool_members AS old
JOIN pool_members AS present
    ON present.instruction_id = old.instruction_id
    AND present.pool_id = $pool_id
    AND present.removed_version IS NULL
LEFT JOIN files AS before ON before.instruction_id = old.instruction_id AND before.version = old.added_version
LEFT JOIN files AS now ON now.instruction_id = old.instruction_id AND now.version = present.added_version
WHERE old.pool_id = $pool_id
    AND old.added_version <= $version
    AND (old.removed_version IS NULL OR old.removed_version > $version)
    AND before.contents IS DISTINCT FROM now.contents
    AND old.instruction_id NOT IN (SELECT instruction_id FROM changes)
