-- name: changed_media
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
    AND is_member_at(old.added_version, old.removed_version, $version)
    AND before.contents IS DISTINCT FROM now.contents
    AND old.instruction_id NOT IN (SELECT instruction_id FROM changes)

-- name: loaded
-- The members of an older version, as if they were a load.
CREATE TEMP TABLE loaded AS
SELECT instruction_id, row_number, source, labels, metadata
FROM pool_members
WHERE pool_id = $pool_id
    AND is_member_at(added_version, removed_version, $version)

-- name: media_files
-- What was known of the contents of the media of members that come back.
INSERT INTO media_files (pool_id, version, instruction_id, path, location, sha256, n_bytes, recorded_at)
SELECT
    media_files.pool_id,
    $version,
    media_files.instruction_id,
    media_files.path,
    media_files.location,
    media_files.sha256,
    media_files.n_bytes,
    media_files.recorded_at
FROM media_files
JOIN pool_members AS old
    ON old.pool_id = media_files.pool_id
    AND old.instruction_id = media_files.instruction_id
    AND old.added_version = media_files.version
JOIN changes ON changes.instruction_id = old.instruction_id
WHERE media_files.pool_id = $pool_id
    AND is_member_at(old.added_version, old.removed_version, $restored_from)
    AND changes.change IN ('added', 'updated')

-- name: version
-- A version that restores an older one: it keeps that one's rows and options, and its own load is empty.
INSERT INTO pool_versions (
    pool_id, version, created_at, mode, restored_from, n_rows, n_members, n_added, n_removed, n_kept, n_updated,
    n_folded, n_quarantined, n_no_input, files, options, seconds
)
SELECT
    pool_id, $version, now() AT TIME ZONE 'UTC', 'restore', $restored_from, n_rows, n_members, $n_added, $n_removed, $n_kept, $n_updated,
    0, 0, 0, '[]', options, $seconds
FROM pool_versions
WHERE pool_id = $pool_id AND version = $restored_from
