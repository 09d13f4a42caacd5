-- name: drop_folded
DELETE FROM folded_records
WHERE pool_id = $pool_id

-- name: drop_media_files
DELETE FROM media_files
WHERE pool_id = $pool_id

-- name: drop_members
DELETE FROM pool_members
WHERE pool_id = $pool_id

-- name: drop_pool
DELETE FROM pools
WHERE pool_id = $pool_id

-- name: drop_quarantine
DELETE FROM quarantine
WHERE pool_id = $pool_id

-- name: drop_versions
DELETE FROM pool_versions
WHERE pool_id = $pool_id

-- name: examples
SELECT fingerprint, source, prompt, response, rejected, media
FROM pool_at($pool_id, $version)
ORDER BY row_number
LIMIT $n

-- name: history
SELECT
    pool_versions.version,
    pool_versions.created_at AS registered_at,
    pool_versions.mode,
    pool_versions.restored_from,
    pool_versions.n_members,
    pool_versions.n_added,
    pool_versions.n_removed,
    pool_versions.n_kept,
    pool_versions.n_updated,
    pool_versions.n_folded,
    pool_versions.n_quarantined,
    (
        SELECT list(tag ORDER BY tag)
        FROM tags
        WHERE tags.name = $name AND tags.version = pool_versions.version
    ) AS tags,
    list_transform(pool_versions.files::JSON[], lambda file: file->>'file') AS files
FROM pools
JOIN pool_versions USING (pool_id)
WHERE pools.name = $name
ORDER BY pool_versions.version

-- name: list
-- Every pool at its newest version; rows, quarantine and shapes are those of all loads that make it up.
WITH loads AS (
    SELECT
        newest.pool_id,
        loaded.n_quarantined,
        loaded.n_folded,
        list_transform(loaded.files::JSON[], lambda file: file->>'shape') AS shapes
    FROM (
        SELECT pool_id, max(version) AS version
        FROM pool_versions
        GROUP BY pool_id
    ) AS newest,
        LATERAL (SELECT load FROM loads_of(newest.pool_id, newest.version)) AS made
    JOIN pool_versions AS loaded ON loaded.pool_id = newest.pool_id AND loaded.version = made.load
),
described AS (
    SELECT
        pool_id,
        sum(n_quarantined)::BIGINT AS n_quarantined,
        sum(n_folded)::BIGINT AS n_folded,
        list_sort(list_distinct(flatten(list(shapes)))) AS shapes
    FROM loads
    GROUP BY pool_id
)
SELECT
    pools.name,
    newest.version,
    newest.n_members,
    newest.n_rows,
    described.n_quarantined,
    described.n_folded,
    described.shapes,
    (
        SELECT list(tag || '@' || version ORDER BY version, tag)
        FROM tags
        WHERE tags.name = pools.name
    ) AS tags,
    pools.is_prompts_only,
    pools.purpose,
    newest.created_at AS registered_at
FROM pools
JOIN pool_versions AS newest USING (pool_id)
LEFT JOIN described USING (pool_id)
WHERE newest.version = (SELECT max(version) FROM pool_versions WHERE pool_versions.pool_id = pools.pool_id)
ORDER BY pools.name

-- name: name
SELECT name
FROM pools
WHERE pool_id = $pool_id

-- name: quarantine
-- The records that could not be read, of all loads that make up a version.
SELECT file, position, row_number, reason, detail, raw
FROM quarantine
WHERE pool_id = $pool_id
    AND version IN (SELECT load FROM loads_of($pool_id, $version))
    AND ($reason IS NULL OR reason = $reason)
ORDER BY row_number
LIMIT $n

-- name: quarantine_reasons
SELECT reason, file, count(*) AS n_records
FROM quarantine
WHERE pool_id = $pool_id AND version IN (SELECT load FROM loads_of($pool_id, $version))
GROUP BY reason, file
ORDER BY n_records DESC, reason, file

-- name: shape
SELECT
    count(*) AS n_members,
    count(*) FILTER (len(messages) > 2) AS n_multi_turn,
    count(system) AS n_with_system,
    count(tools) AS n_with_tools,
    count(rejected) AS n_with_rejected,
    count(media) AS n_with_media,
    count(labels) AS n_with_labels,
    median(length(prompt)) AS median_prompt_characters,
    median(length(response)) AS median_response_characters,
    max(length(prompt)) AS longest_prompt_characters,
    max(length(response)) AS longest_response_characters
FROM pool_at($pool_id, $version)

-- name: sources
SELECT source, count(*) AS n_members
FROM pool_members
WHERE pool_id = $pool_id
    AND is_member_at(added_version, removed_version, $version)
GROUP BY source
ORDER BY n_members DESC, source

-- name: subsets_made_from
-- The subsets that were made from a pool, whatever they selected from: any reference in their definitions counts.
SELECT name || '@' || version AS subset
FROM subsets
WHERE subset_id IN (SELECT subset_id FROM subset_sources WHERE pool_id = $pool_id)
    OR EXISTS (
        SELECT 1
        FROM (SELECT unnest(json_extract(definition, '$.references[*]')) AS reference) AS read
        WHERE read.reference ->> 'kind' = 'pool' AND CAST(read.reference ->> 'id' AS BIGINT) = $pool_id
    )
ORDER BY name, version

-- name: version
-- One version of a pool; rows, quarantine and files are those of all loads that make it up, the other counts its own.
WITH loads AS (
    SELECT loaded.version, loaded.n_folded, loaded.n_quarantined, loaded.n_no_input, loaded.files, loaded.seconds
    FROM loads_of($pool_id, $version) AS made
    JOIN pool_versions AS loaded ON loaded.pool_id = $pool_id AND loaded.version = made.load
)
SELECT
    pools.is_prompts_only,
    pools.purpose,
    pool_versions.created_at AS registered_at,
    pool_versions.mode,
    pool_versions.restored_from,
    (SELECT list(version ORDER BY version) FROM loads) AS loads,
    pool_versions.n_rows,
    pool_versions.n_members,
    pool_versions.n_added,
    pool_versions.n_removed,
    pool_versions.n_kept,
    pool_versions.n_updated,
    (SELECT sum(n_folded)::BIGINT FROM loads) AS n_folded,
    (SELECT sum(n_quarantined)::BIGINT FROM loads) AS n_quarantined,
    (SELECT sum(n_no_input)::BIGINT FROM loads) AS n_no_input,
    (SELECT to_json(flatten(list(files::JSON[] ORDER BY version))) FROM loads) AS files,
    pool_versions.options,
    pool_versions.seconds
FROM pools
JOIN pool_versions USING (pool_id)
WHERE pool_id = $pool_id AND version = $version
