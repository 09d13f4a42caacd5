-- What was recorded of the media of every pool's newest members, each file once.
SELECT DISTINCT pools.name, media_files.location, media_files.sha256, media_files.n_bytes
FROM media_files
JOIN pools USING (pool_id)
JOIN pool_members
    ON pool_members.pool_id = media_files.pool_id
    AND pool_members.instruction_id = media_files.instruction_id
    AND pool_members.added_version = media_files.version
WHERE pool_members.removed_version IS NULL OR media_files.location IS NULL
ORDER BY ALL
