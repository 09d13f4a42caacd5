-- name: definitions
-- What each version of a subset was made from, the newest first.
SELECT subset_id, version, definition
FROM subsets
WHERE name = $name
ORDER BY version DESC

-- name: drop
DELETE FROM subsets
WHERE name = $name AND ($version IS NULL OR version = $version)

-- name: drop_members
DELETE FROM subset_members
WHERE subset_id IN (SELECT subset_id FROM subsets WHERE name = $name AND ($version IS NULL OR version = $version))

-- name: examples
SELECT rank, fingerprint, prompt, response, rejected, media, why
FROM subset_at($subset_id)
ORDER BY rank
LIMIT $n

-- name: get
SELECT
    subset_id, name, version, selector, pool_id, pool_version, budget, seed, n_members,
    definition, definition_sha256, members_sha256, environment, seconds, created_at, selector_text, budget_asked
FROM subsets
WHERE subset_id = $subset_id

-- name: insert
INSERT INTO subsets (
    subset_id, name, version, created_at, selector, pool_id, pool_version, budget, seed, n_members,
    definition, definition_sha256, members_sha256, environment, seconds, selector_text, budget_asked
)
VALUES (
    $subset_id, $name, $version, now() AT TIME ZONE 'UTC', $selector, $pool_id, $pool_version, $budget, $seed, $n_members,
    $definition, $definition_sha256, $members_sha256, $environment, $seconds, $selector_text, $budget_asked
)

-- name: insert_members
INSERT INTO subset_members (subset_id, instruction_id, rank, why)
SELECT $subset_id, instruction_id, rank, why::JSON
FROM chosen
ORDER BY rank

-- name: list
SELECT
    subsets.name,
    subsets.version,
    subsets.selector,
    pools.name || '@' || subsets.pool_version AS pool,
    subsets.n_members,
    subsets.seed,
    (
        SELECT list(tag ORDER BY tag)
        FROM tags
        WHERE tags.name = subsets.name AND tags.version = subsets.version
    ) AS tags,
    subsets.seconds,
    left(subsets.members_sha256, 12) AS members,
    subsets.created_at AS selected_at
FROM subsets
LEFT JOIN pools USING (pool_id)
ORDER BY subsets.name, subsets.version

-- name: made_from
-- The subsets that were made from versions of a subset and would not go with them.
WITH dropped AS (
    SELECT subset_id, name || '@' || version AS reference
    FROM subsets
    WHERE name = $name AND ($version IS NULL OR version = $version)
),
kept AS (
    SELECT subset_id, name, version, definition
    FROM subsets
    ANTI JOIN dropped USING (subset_id)
),
read AS (
    SELECT name, version, unnest(json_extract(definition, '$.references[*]')) AS reference
    FROM kept
)
SELECT read.name || '@' || read.version AS subset
FROM read
JOIN dropped ON dropped.subset_id = CAST(read.reference ->> 'id' AS BIGINT)
WHERE read.reference ->> 'kind' = 'subset'
UNION
SELECT kept.name || '@' || kept.version AS subset
FROM kept
JOIN dropped ON dropped.reference = kept.definition ->> 'pool'
ORDER BY subset

-- name: members
SELECT instructions.fingerprint
FROM subset_members
JOIN instructions USING (instruction_id)
WHERE subset_members.subset_id = $subset_id
ORDER BY subset_members.rank

-- name: newest
-- The newest version of a subset, and what made it.
SELECT version, selector
FROM subsets
WHERE name = $name
ORDER BY version DESC
LIMIT 1

-- name: next_version
SELECT coalesce(max(version), 0) + 1
FROM subsets
WHERE name = $name

-- name: same_definition
SELECT subset_id, version
FROM subsets
WHERE definition_sha256 = $definition_sha256 AND name = $name
ORDER BY version DESC
LIMIT 1
