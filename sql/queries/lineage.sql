-- name: pool
-- The members of one version of a pool.
SELECT n_members, created_at
FROM pool_versions
WHERE pool_id = $pool_id AND version = $version

-- name: files
-- The files of all loads that make up a version of a pool.
SELECT version, files
FROM pool_versions
WHERE pool_id = $pool_id
    AND version IN (SELECT load FROM loads_of($pool_id, $version))
ORDER BY version

-- name: signals
SELECT kind, name, identity_sha256, identity, details, lance_table, stale
FROM signals
ORDER BY signal_id

-- name: subsets
SELECT subset_id, name, version, selector, n_members, members_sha256, definition_sha256, definition
FROM subsets
ORDER BY name, version
