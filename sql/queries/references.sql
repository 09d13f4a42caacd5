-- name: exact
-- Every version of every pool and subset.
SELECT 'pool' AS kind, pools.pool_id AS id, pools.name, pool_versions.version
FROM pools
JOIN pool_versions USING (pool_id)
UNION ALL
SELECT 'subset' AS kind, subset_id AS id, name, version
FROM subsets

-- name: n_members
SELECT count(*)
FROM members_of($kind, $id, $version)

-- name: names
SELECT name, 'pool' AS kind
FROM pools
UNION
SELECT name, 'subset' AS kind
FROM subsets
ORDER BY name

-- name: subsets
-- The names of subsets, the youngest first: a subset comes before the subsets that it was made from.
SELECT name
FROM subsets
GROUP BY name
ORDER BY min(subset_id) DESC

-- name: subsets_of_group
-- The names of the subsets of a group, the youngest first.
SELECT name
FROM subsets
WHERE group_name = $group
GROUP BY name
ORDER BY min(subset_id) DESC

-- name: tags
SELECT tag, version
FROM tags
WHERE name = $name

-- name: versions
SELECT 'pool' AS kind, pools.pool_id AS id, pool_versions.version
FROM pools
JOIN pool_versions USING (pool_id)
WHERE pools.name = $name
UNION ALL
SELECT 'subset' AS kind, subset_id AS id, version
FROM subsets
WHERE name = $name
ORDER BY version
