-- What the load changes: added, removed, updated (kept, but with another row number, source, labels or metadata).
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
    SELECT instruction_id, row_number, source, labels, metadata
    FROM pool_members
    WHERE pool_id = $pool_id AND removed_version IS NULL
) AS present USING (instruction_id)
WHERE present.instruction_id IS NULL
    OR (
        NOT $is_append
        AND (
            loaded.instruction_id IS NULL
            OR (loaded.row_number, loaded.source, loaded.labels, loaded.metadata)
                IS DISTINCT FROM (present.row_number, present.source, present.labels, present.metadata)
        )
    )
