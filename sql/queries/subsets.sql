-- name: definitions
-- What each version of a subset was made from, the newest first.
SELECT subset_id, version, definition
FROM subsets
WHERE name = $name
ORDER BY version DESC

-- name: drop
DELETE FROM subsets
WHERE name = $name AND ($version IS NULL OR version = $version)

-- name: drop_sources
DELETE FROM subset_sources
WHERE subset_id IN (SELECT subset_id FROM subsets WHERE name = $name AND ($version IS NULL OR version = $version))

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
    subset_id, name, version, selector, budget, seed, n_members,
    (SELECT sum(copies)::BIGINT FROM subset_members WHERE subset_members.subset_id = subsets.subset_id) AS n_rows,
    definition, definition_sha256, members_sha256, environment, seconds, created_at, selector_text, budget_asked, group_name,
    (
        SELECT list({'part': part, 'pool': pools.name || '@' || pool_version, 'pool_id': pool_id, 'pool_version': pool_version} ORDER BY part)
        FROM subset_sources
        JOIN pools USING (pool_id)
        WHERE subset_sources.subset_id = subsets.subset_id
    ) AS sources
FROM subsets
WHERE subset_id = $subset_id

-- name: insert
INSERT INTO subsets (
    subset_id, name, version, created_at, selector, budget, seed, n_members,
    definition, definition_sha256, members_sha256, environment, seconds, selector_text, budget_asked, group_name
)
VALUES (
    $subset_id, $name, $version, now() AT TIME ZONE 'UTC', $selector, $budget, $seed, $n_members,
    $definition, $definition_sha256, $members_sha256, $environment, $seconds, $selector_text, $budget_asked, $group_name
)

-- name: insert_members
-- Members with the first of the sources that has them.
WITH sources AS MATERIALIZED (
    SELECT unnest($sources, recursive := true)
),
places AS (
    SELECT pool_members.instruction_id, sources.position, sources.id AS pool_id, sources.version AS pool_version
    FROM sources
    JOIN pool_members
        ON pool_members.pool_id = sources.id
        AND is_member_at(pool_members.added_version, pool_members.removed_version, sources.version)
    WHERE sources.kind = 'pool'
    UNION ALL
    SELECT subset_members.instruction_id, sources.position, subset_sources.pool_id, subset_sources.pool_version
    FROM sources
    JOIN subset_members ON subset_members.subset_id = sources.id
    JOIN subset_sources
        ON subset_sources.subset_id = subset_members.subset_id
        AND subset_sources.part = subset_members.part
    WHERE sources.kind = 'subset'
),
first AS (
    SELECT places.instruction_id, min((places.position, subset_sources.part))[2] AS part
    FROM places
    SEMI JOIN chosen USING (instruction_id)
    JOIN subset_sources
        ON subset_sources.subset_id = $subset_id
        AND subset_sources.pool_id = places.pool_id
        AND subset_sources.pool_version = places.pool_version
    GROUP BY places.instruction_id
)
INSERT INTO subset_members (subset_id, instruction_id, rank, why, part, copies)
SELECT $subset_id, chosen.instruction_id, chosen.rank, chosen.why::JSON, first.part, chosen.copies
FROM chosen
JOIN first USING (instruction_id)
ORDER BY chosen.rank

-- name: insert_sources
-- The pools that several pools and subsets come from, in their order, each once.
WITH sources AS (
    SELECT unnest($sources, recursive := true)
),
places AS (
    SELECT position, 1 AS part, id AS pool_id, version AS pool_version
    FROM sources
    WHERE kind = 'pool'
    UNION ALL
    SELECT sources.position, subset_sources.part, subset_sources.pool_id, subset_sources.pool_version
    FROM sources
    JOIN subset_sources ON sources.kind = 'subset' AND subset_sources.subset_id = sources.id
)
INSERT INTO subset_sources (subset_id, part, pool_id, pool_version)
SELECT $subset_id, row_number() OVER (ORDER BY min((position, part))), pool_id, pool_version
FROM places
GROUP BY pool_id, pool_version

-- name: list
SELECT
    subsets.name,
    subsets.version,
    subsets.n_members,
    (SELECT sum(copies)::BIGINT FROM subset_members WHERE subset_members.subset_id = subsets.subset_id) AS n_rows,
    subsets.selector,
    (
        SELECT string_agg(pools.name || '@' || pool_version, ', ' ORDER BY part)
        FROM subset_sources
        JOIN pools USING (pool_id)
        WHERE subset_sources.subset_id = subsets.subset_id
    ) AS pool,
    subsets.definition ->> 'pool' AS parent,
    coalesce(subsets.definition ->> '$.parameters.size', subsets.budget_asked, CAST(subsets.budget AS VARCHAR)) AS budget,
    array_to_string(
        list_transform(
            list_filter(
                json_keys(subsets.definition, '$.parameters'),
                lambda key: coalesce(subsets.definition ->> ('$.parameters.' || key), '') <> ''
            ),
            lambda key: key || '=' || (subsets.definition ->> ('$.parameters.' || key))
        ),
        ', '
    ) AS settings,
    subsets.seed,
    subsets.group_name AS "group",
    (
        SELECT list(tag ORDER BY tag)
        FROM tags
        WHERE tags.name = subsets.name AND tags.version = subsets.version
    ) AS tags,
    subsets.seconds,
    left(subsets.members_sha256, 12) AS members,
    subsets.created_at AS selected_at
FROM subsets
WHERE $group IS NULL OR subsets.group_name = $group
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

-- name: member_ids
SELECT instruction_id
FROM members_of($kind, $id, $version)

-- name: members
-- The fingerprints of a subset's rows in their order: a member that stands several times is several rows.
SELECT fingerprint
FROM (
    SELECT
        instructions.fingerprint,
        subset_members.rank,
        subset_members.copies,
        unnest(range(subset_members.copies)) AS copy,
        count(*) OVER () AS number_of_members
    FROM subset_members
    JOIN instructions USING (instruction_id)
    WHERE subset_members.subset_id = $subset_id
)
ORDER BY row_position(rank, number_of_members, copy, copies), rank

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

-- name: set_group
UPDATE subsets
SET group_name = $group
WHERE subset_id = $subset_id

-- name: ranked
SELECT instructions.fingerprint
FROM subset_members
JOIN instructions USING (instruction_id)
WHERE subset_members.subset_id = $subset_id
ORDER BY subset_members.rank

-- name: same_definition
SELECT subset_id, version
FROM subsets
WHERE definition_sha256 = $definition_sha256 AND name = $name
ORDER BY version DESC
LIMIT 1
