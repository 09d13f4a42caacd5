-- name: references
SELECT DISTINCT 'pool' AS kind, name AS value
FROM pools
UNION ALL
SELECT DISTINCT 'subset' AS kind, name AS value
FROM subsets
ORDER BY kind, value

-- name: versions
SELECT 'version' AS kind, name || '@' || version AS value
FROM (
    SELECT pools.name, pool_versions.version
    FROM pools
    JOIN pool_versions USING (pool_id)
    UNION ALL
    SELECT name, version
    FROM subsets
)
WHERE name = $name
UNION ALL
SELECT 'tag of version ' || version AS kind, name || '@' || tag AS value
FROM tags
WHERE name = $name
ORDER BY kind DESC, length(value), value

-- name: formulas
SELECT 'added' AS kind, name AS value
FROM score_definitions
ORDER BY name

-- name: selectors
SELECT 'added' AS kind, name AS value
FROM selectors
ORDER BY name

-- name: signals
SELECT DISTINCT kind, name AS value
FROM signals
WHERE kind = $kind
ORDER BY name
