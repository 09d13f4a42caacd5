-- name: changed_media
-- Members that nothing else changes, with a media file whose content is not the recorded one: they are updated.
INSERT INTO changes (instruction_id, change)
SELECT DISTINCT known.instruction_id, 'updated'
FROM (
    SELECT loaded.instruction_id, unnest(staged.media_files) AS file
    FROM staged
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

-- name: changes
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

-- name: close
UPDATE pool_members
SET removed_version = $version
FROM changes
WHERE changes.instruction_id = pool_members.instruction_id
    AND changes.change IN ('removed', 'updated')
    AND pool_members.pool_id = $pool_id
    AND pool_members.removed_version IS NULL

-- name: counts
SELECT
    count(*) FILTER (change = 'added') AS n_added,
    count(*) FILTER (change = 'removed') AS n_removed,
    count(*) FILTER (change = 'updated') AS n_updated,
    (
        SELECT count(*)
        FROM pool_members
        WHERE pool_id = $pool_id AND removed_version IS NULL
    ) AS n_before,
    (SELECT count(*) FROM loaded) AS n_distinct
FROM changes

-- name: differences
-- In what folded records differ from the member that stands for them: one row for each record and each key. Messages differ where
-- the same instruction is written in another Unicode form, or its JSON texts in another order.
CREATE TEMP TABLE differences AS
WITH entries AS (
    SELECT row_number, TRUE AS is_member, unnest(map_entries(member_metadata::MAP(VARCHAR, JSON))) AS entry
    FROM folded
    WHERE metadata IS DISTINCT FROM member_metadata
    UNION ALL
    SELECT row_number, FALSE AS is_member, unnest(map_entries(metadata::MAP(VARCHAR, JSON))) AS entry
    FROM folded
    WHERE metadata IS DISTINCT FROM member_metadata
),
unequal AS (
    SELECT row_number, entry.key AS key
    FROM entries
    GROUP BY row_number, entry.key, entry.value
    HAVING count(*) = 1
)
SELECT DISTINCT row_number, key
FROM unequal
UNION
SELECT row_number, 'source'
FROM folded
WHERE source <> member_source
UNION
SELECT row_number, 'labels'
FROM folded
WHERE labels IS DISTINCT FROM member_labels
UNION
SELECT row_number, 'messages'
FROM folded
WHERE is_spelt_otherwise

-- name: folded
-- The records that fold into a member: into the first record of the same fingerprint, or, when appending, into the member there.
CREATE TEMP TABLE folded AS
WITH present AS (
    SELECT instruction_id, source, labels, metadata
    FROM pool_members
    WHERE $is_append AND pool_id = $pool_id AND removed_version IS NULL
)
SELECT
    loaded.instruction_id,
    staged.file,
    staged.row_number + $offset AS row_number,
    staged.source,
    staged.labels,
    staged.metadata::JSON AS metadata,
    coalesce(present.source, loaded.source) AS member_source,
    CASE WHEN present.source IS NULL THEN loaded.labels ELSE present.labels END AS member_labels,
    CASE WHEN present.source IS NULL THEN loaded.metadata ELSE present.metadata END AS member_metadata,
    coalesce(instructions.messages, first.messages) IS DISTINCT FROM staged.messages::STRUCT(role VARCHAR, content VARCHAR, extra JSON)[]
        OR (CASE WHEN instructions.messages IS NULL THEN first.system ELSE instructions.system END) IS DISTINCT FROM staged.system
        OR (CASE WHEN instructions.messages IS NULL THEN first.tools ELSE instructions.tools END) IS DISTINCT FROM staged.tools
        AS is_spelt_otherwise
FROM staged
JOIN keys USING (fingerprint)
JOIN loaded ON loaded.row_number = keys.row_number + $offset
LEFT JOIN present ON present.instruction_id = loaded.instruction_id
LEFT JOIN instructions ON instructions.instruction_id = loaded.instruction_id
JOIN staged AS first ON first.row_number = keys.row_number
WHERE present.source IS NOT NULL OR staged.row_number <> keys.row_number

-- name: folded_counts
-- How many folded records differ, in which keys (the commonest first), and how many of them no version of the pool has recorded.
SELECT
    (SELECT count(DISTINCT row_number) FROM differences) AS n_differing,
    (
        SELECT list(key ORDER BY n_records DESC, key)
        FROM (SELECT key, count(*) AS n_records FROM differences GROUP BY key)
    ) AS keys,
    (
        SELECT count(*)
        FROM folded
        SEMI JOIN differences USING (row_number)
        WHERE NOT EXISTS (
            SELECT 1
            FROM folded_records
            WHERE folded_records.pool_id = $pool_id
                AND folded_records.instruction_id = folded.instruction_id
                AND folded_records.source = folded.source
                AND folded_records.labels IS NOT DISTINCT FROM folded.labels
                AND folded_records.metadata IS NOT DISTINCT FROM folded.metadata
        )
    ) AS n_unrecorded

-- name: folded_records
INSERT INTO folded_records (pool_id, version, instruction_id, file, row_number, source, labels, metadata)
SELECT $pool_id, $version, instruction_id, file, row_number, source, labels, metadata
FROM folded
ORDER BY row_number

-- name: fresh
-- The instructions that the catalog has not seen in any pool, with their ids, in the order of the load.
CREATE TEMP TABLE fresh AS
SELECT nextval('instruction_ids') AS instruction_id, row_number
FROM (
    SELECT keys.row_number
    FROM keys
    ANTI JOIN instructions USING (fingerprint)
    ORDER BY keys.row_number
)

-- name: fresh_dry
-- What register/fresh finds, on a catalog that must not change: their ids are stand-ins below zero.
CREATE TEMP TABLE fresh AS
SELECT -1 - keys.row_number AS instruction_id, keys.row_number
FROM keys
ANTI JOIN instructions USING (fingerprint)

-- name: instructions
INSERT INTO instructions (instruction_id, fingerprint, messages, system, tools, rejected, media)
SELECT fresh.instruction_id, staged.fingerprint, staged.messages, staged.system, staged.tools, staged.rejected, staged.media
FROM staged
JOIN fresh USING (row_number)

-- name: keys
-- Fold records that are the same instruction: the first record of each fingerprint stands for all.
CREATE TEMP TABLE keys AS
SELECT fingerprint, min(row_number) AS row_number, count(*) AS n_records
FROM staged
GROUP BY fingerprint

-- name: last
SELECT
    pools.pool_id,
    pools.is_prompts_only,
    pools.purpose,
    coalesce(max(pool_versions.version), 0) AS version,
    coalesce(arg_max(pool_versions.n_rows, pool_versions.version), 0) AS n_rows
FROM pools
LEFT JOIN pool_versions USING (pool_id)
WHERE pools.name = $name
GROUP BY pools.pool_id, pools.is_prompts_only, pools.purpose

-- name: loaded
-- The load as members: one row an instruction.
CREATE TEMP TABLE loaded AS
SELECT
    coalesce(fresh.instruction_id, instructions.instruction_id) AS instruction_id,
    staged.row_number + $offset AS row_number,
    staged.source,
    staged.labels,
    staged.metadata::JSON AS metadata
FROM staged
JOIN keys USING (row_number)
LEFT JOIN fresh USING (row_number)
LEFT JOIN instructions ON instructions.fingerprint = keys.fingerprint

-- name: media_files
-- What is known of the contents of the media of members that come with this version.
INSERT INTO media_files (pool_id, version, instruction_id, path, location, sha256, n_bytes, recorded_at)
SELECT
    $pool_id,
    $version,
    instruction_id,
    file.path,
    file.location,
    file.sha256,
    file.n_bytes,
    now() AT TIME ZONE 'UTC'
FROM (
    SELECT loaded.instruction_id, unnest(staged.media_files) AS file
    FROM staged
    JOIN loaded ON loaded.row_number = staged.row_number + $offset
    JOIN changes USING (instruction_id)
    WHERE changes.change IN ('added', 'updated')
)

-- name: members
INSERT INTO pool_members (pool_id, instruction_id, added_version, removed_version, row_number, source, labels, metadata)
SELECT $pool_id, loaded.instruction_id, $version, NULL, loaded.row_number, loaded.source, loaded.labels, loaded.metadata
FROM loaded
JOIN changes USING (instruction_id)
WHERE changes.change IN ('added', 'updated')

-- name: pool
INSERT INTO pools (pool_id, name, is_prompts_only, purpose, created_at)
VALUES ($pool_id, $name, $is_prompts_only, $purpose, now() AT TIME ZONE 'UTC')

-- name: quarantine
INSERT INTO quarantine (pool_id, version, file, row_number, position, reason, detail, raw)
SELECT $pool_id, $version, file, row_number + $offset, position, reason, detail, raw
FROM quarantined

-- name: quarantined
-- The quarantined records of the load: each file has those of one part, whose row numbers count from 0.
CREATE TEMP VIEW quarantined AS
SELECT * REPLACE (row_number + getvariable('first_rows')[file_index::BIGINT + 1] AS row_number)
FROM read_parquet(getvariable('quarantine_files'))

-- name: renamed
-- Members that the load removes and has again with rejected answers or media, which changes their fingerprint.
SELECT count(*)
FROM changes
JOIN instructions USING (instruction_id)
SEMI JOIN staged ON staged.plain_fingerprint = instructions.fingerprint
WHERE changes.change = 'removed'

-- name: staged
-- The instructions of the load: each file has those of one part, whose row numbers count from 0.
CREATE TEMP VIEW staged AS
SELECT * REPLACE (row_number + getvariable('first_rows')[file_index::BIGINT + 1] AS row_number)
FROM read_parquet(getvariable('instruction_files'))

-- name: version
INSERT INTO pool_versions (
    pool_id, version, created_at, mode, n_rows, n_members, n_added, n_removed, n_kept, n_updated,
    n_folded, n_quarantined, n_no_input, files, options, seconds
)
VALUES (
    $pool_id, $version, now() AT TIME ZONE 'UTC', $mode, $n_rows, $n_members, $n_added, $n_removed, $n_kept, $n_updated,
    $n_folded, $n_quarantined, $n_no_input, $files, $options, $seconds
)
