SELECT
    pools.is_prompts_only,
    pool_versions.created_at AS registered_at,
    pool_versions.mode,
    pool_versions.n_rows,
    pool_versions.n_members,
    pool_versions.n_added,
    pool_versions.n_removed,
    pool_versions.n_kept,
    pool_versions.n_updated,
    pool_versions.n_folded,
    pool_versions.n_quarantined,
    pool_versions.n_no_input,
    pool_versions.files,
    pool_versions.options,
    pool_versions.seconds
FROM pools
JOIN pool_versions USING (pool_id)
WHERE pool_id = $pool_id AND version = $version
