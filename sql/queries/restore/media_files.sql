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
    AND old.added_version <= $restored_from
    AND (old.removed_version IS NULL OR old.removed_version > $restored_from)
    AND changes.change IN ('added', 'updated')
