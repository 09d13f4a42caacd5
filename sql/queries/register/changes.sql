-- What the load changes: added, removed, updated (kept, but with another row number, source, labels or metadata, or with a media
-- file whose content is not the recorded one).
CREATE TEMP TABLE changes AS
SELECT
    coalesce(loaded.instruction_id, present.instruction_id) AS instruction_id,
    CASE
        WHEN present.instruction_id IS NULL THEN 'added'
        WHEN loaded.instruction_id IS NULL THEN 'removed'
        ELSE 'updated'
    END AS change
FROM loaded
FULL JOIN (
    SELECT instruction_id, added_version, row_number, source, labels, metadata
    FROM pool_members
    WHERE pool_id = $pool_id AND removed_version IS NULL
) AS present USING (instruction_id)
LEFT JOIN (
    SELECT instruction_id, version, list({'path': path, 'sha256': sha256}) AS contents
    FROM media_files
    WHERE pool_id = $pool_id
    GROUP BY instruction_id, version
) AS recorded ON recorded.instruction_id = present.instruction_id AND recorded.version = present.added_version
WHERE present.instruction_id IS NULL
    OR (
        NOT $is_append
        AND (
            loaded.instruction_id IS NULL
            OR (loaded.row_number, loaded.source, loaded.labels, loaded.metadata)
                IS DISTINCT FROM (present.row_number, present.source, present.labels, present.metadata)
            OR NOT list_has_all(
                coalesce(recorded.contents, []),
                list_transform(loaded.media_files, lambda f: {'path': f.path, 'sha256': f.sha256})
            )
        )
    )
