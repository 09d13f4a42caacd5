-- Members that nothing else changes, with a media file whose content is not the recorded one: they are updated.
INSERT INTO changes (instruction_id, change)
SELECT DISTINCT known.instruction_id, 'updated'
FROM (
    SELECT loaded.instruction_id, unnest(staged.media_files) AS file
    FROM read_parquet(getvariable('staged')) AS staged
    JOIN loaded ON loaded.row_number = staged.row_number + $offset
) AS known
JOIN pool_members AS present
    ON present.instruction_id = known.instruction_id
    AND present.pool_id = $pool_id
    AND present.removed_version IS NULL
LEFT JOIN media_files
    ON media_files.pool_id = $pool_id
    AND media_files.instruction_id = known.instruction_id
    AND media_files.version = present.added_version
    AND media_files.path IS NOT DISTINCT FROM known.file.path
    AND media_files.sha256 = known.file.sha256
WHERE media_files.sha256 IS NULL
    AND known.instruction_id NOT IN (SELECT instruction_id FROM changes)
