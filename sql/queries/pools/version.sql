-- One version of a pool; rows, quarantine and files are those of all loads that make it up, the other counts its own.
WITH loads AS (
    SELECT loaded.version, loaded.n_folded, loaded.n_quarantined, loaded.n_no_input, loaded.files, loaded.seconds
    FROM loads_of($pool_id, $version) AS made
    JOIN pool_versions AS loaded ON loaded.pool_id = $pool_id AND loaded.version = made.load
)
SELECT
    pools.is_prompts_only,
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
