-- name: exports
-- The last export to each path, and the newest version of what it holds.
WITH last AS (
    SELECT name, version, format, path, files, exported_at
    FROM exports
    WHERE path <> '-'
    QUALIFY row_number() OVER (PARTITION BY path ORDER BY exported_at DESC, version DESC) = 1
),
versions AS (
    SELECT pools.name, pool_versions.version
    FROM pools
    JOIN pool_versions USING (pool_id)
    UNION ALL
    SELECT name, version
    FROM subsets
),
newest AS (
    SELECT name, max(version) AS version
    FROM versions
    GROUP BY name
)
SELECT last.name, last.version, newest.version AS newest, last.format, last.path, last.files, last.exported_at
FROM last
LEFT JOIN newest USING (name)
ORDER BY last.path

-- name: gaps
-- The signals that some members of the newest version of a pool lack and others have. Of several of one name the most complete counts.
WITH newest AS (
    SELECT pool_id, max(version) AS version
    FROM pool_versions
    GROUP BY pool_id
),
members AS MATERIALIZED (
    SELECT newest.pool_id, newest.version, pool_members.instruction_id
    FROM newest
    JOIN pool_members USING (pool_id)
    WHERE is_member_at(pool_members.added_version, pool_members.removed_version, newest.version)
),
totals AS (
    SELECT pool_id, version, count(*) AS n_members
    FROM members
    GROUP BY pool_id, version
),
done AS (
    SELECT signal_id, instruction_id
    FROM signal_members
    UNION
    SELECT signal_id, instruction_id
    FROM signal_gaps
),
counts AS (
    SELECT members.pool_id, done.signal_id, count(*) AS n_done
    FROM members
    JOIN done USING (instruction_id)
    GROUP BY members.pool_id, done.signal_id
)
SELECT pools.name, totals.version, signals.kind, signals.name AS signal, totals.n_members - counts.n_done AS n_missing, totals.n_members
FROM counts
JOIN signals USING (signal_id)
JOIN totals USING (pool_id)
JOIN pools USING (pool_id)
WHERE signals.stale IS NULL AND signals.kind <> 'label_embedding'
QUALIFY row_number() OVER (
    PARTITION BY counts.pool_id, signals.kind, signals.name, signals.identity ->> 'field'
    ORDER BY counts.n_done DESC, signals.created_at DESC
) = 1 AND counts.n_done < totals.n_members
ORDER BY pools.name, signals.kind, signals.name

-- name: read
-- Every reference that the newest version of a subset reads, with the newest version of the same name. A reference that was written
-- with its version stays at it.
WITH newest AS (
    SELECT name, version, subset_id, definition
    FROM subsets
    QUALIFY version = max(version) OVER (PARTITION BY name)
),
read AS (
    SELECT
        name,
        version,
        subset_id,
        definition ->> 'pool' AS source,
        unnest(json_extract(definition, '$.references[*]')) AS reference
    FROM newest
),
versions AS (
    SELECT pools.name, pool_versions.version
    FROM pools
    JOIN pool_versions USING (pool_id)
    UNION ALL
    SELECT name, version
    FROM subsets
),
last AS (
    SELECT name, max(version) AS version
    FROM versions
    GROUP BY name
)
SELECT
    read.name,
    read.version,
    reference ->> 'reference' AS reference,
    last.name AS read_name,
    last.version AS newest
FROM read
LEFT JOIN last ON last.name = string_split(reference ->> 'reference', '@')[1]
WHERE list_contains(string_split(source, ','), reference ->> 'reference')
    OR len(list_filter((reference -> 'written')::VARCHAR[], lambda written: NOT contains(written, '@'))) > 0
ORDER BY read.subset_id, reference ->> 'reference'
