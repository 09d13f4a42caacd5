SELECT
    pools.pool_id,
    pools.is_prompts_only,
    coalesce(max(pool_versions.version), 0) AS version,
    coalesce(arg_max(pool_versions.n_rows, pool_versions.version), 0) AS n_rows
FROM pools
LEFT JOIN pool_versions USING (pool_id)
WHERE pools.name = $name
GROUP BY pools.pool_id, pools.is_prompts_only
