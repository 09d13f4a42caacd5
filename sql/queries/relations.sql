-- name: changed_media
-- Members of both sides that refer to a file whose content differed between the two registrations.
CREATE OR REPLACE TEMP TABLE changed_media AS
WITH sides AS (
    SELECT 'left' AS side, $left_kind AS kind, $left_id AS id, $left_version AS version
    UNION ALL
    SELECT 'right' AS side, $right_kind AS kind, $right_id AS id, $right_version AS version
),
versions AS (
    SELECT
        sides.side,
        coalesce(subset_sources.pool_id, sides.id) AS pool_id,
        coalesce(subset_sources.pool_version, sides.version) AS version
    FROM sides
    LEFT JOIN subset_sources ON sides.kind = 'subset' AND subset_sources.subset_id = sides.id
),
files AS (
    SELECT DISTINCT versions.side, media_files.instruction_id, media_files.path, media_files.sha256
    FROM versions
    JOIN pool_members
        ON pool_members.pool_id = versions.pool_id
        AND is_member_at(pool_members.added_version, pool_members.removed_version, versions.version)
    JOIN media_files
        ON media_files.pool_id = pool_members.pool_id
        AND media_files.instruction_id = pool_members.instruction_id
        AND media_files.version = pool_members.added_version
    WHERE media_files.location IS NOT NULL
)
SELECT DISTINCT instruction_id
FROM files AS before
JOIN files AS after USING (instruction_id, path)
SEMI JOIN members_of($left_kind, $left_id, $left_version) USING (instruction_id)
SEMI JOIN members_of($right_kind, $right_id, $right_version) USING (instruction_id)
WHERE before.side = 'left' AND after.side = 'right' AND before.sha256 <> after.sha256

-- name: diff_counts
SELECT
    count(*) FILTER (before.instruction_id IS NULL) AS n_added,
    count(*) FILTER (after.instruction_id IS NULL) AS n_removed,
    count(*) FILTER (before.instruction_id IS NOT NULL AND after.instruction_id IS NOT NULL) AS n_kept
FROM members_of($left_kind, $left_id, $left_version) AS before
FULL JOIN members_of($right_kind, $right_id, $right_version) AS after
    ON before.instruction_id = after.instruction_id

-- name: diff_members
SELECT
    CASE
        WHEN before.instruction_id IS NULL THEN 'added'
        WHEN after.instruction_id IS NULL THEN 'removed'
        ELSE 'media changed'
    END AS change,
    instructions.fingerprint,
    prompt_of(instructions.messages) AS prompt,
    response_of(instructions.messages) AS response,
    instructions.rejected,
    instructions.media
FROM members_of($left_kind, $left_id, $left_version) AS before
FULL JOIN members_of($right_kind, $right_id, $right_version) AS after
    ON before.instruction_id = after.instruction_id
JOIN instructions ON instructions.instruction_id = coalesce(before.instruction_id, after.instruction_id)
WHERE before.instruction_id IS NULL
    OR after.instruction_id IS NULL
    OR before.instruction_id IN (SELECT instruction_id FROM changed_media)
ORDER BY change, instructions.instruction_id
LIMIT $n
