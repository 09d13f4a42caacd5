-- name: exports
SELECT kind, id, version, format, path, options, files, n_rows, members_sha256, exported_at
FROM exports
ORDER BY exported_at, path

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

-- name: runs
SELECT
    runs.run_id,
    runs.kind,
    runs.id,
    runs.version,
    runs.members_sha256,
    runs.note,
    runs.url,
    runs.recorded_at,
    to_json(map_from_entries(
        list({'key': evaluations.metric, 'value': evaluations.value} ORDER BY evaluations.metric)
    )) AS metrics
FROM runs
JOIN evaluations USING (run_id)
GROUP BY ALL
ORDER BY runs.run_id

-- name: signals
SELECT kind, name, identity_sha256, identity, details, lance_table, stale
FROM signals
ORDER BY signal_id

-- name: subsets
SELECT subset_id, name, version, selector, n_members, members_sha256, definition_sha256, definition
FROM subsets
ORDER BY name, version
