-- Every version of every pool and subset.
SELECT 'pool' AS kind, pools.pool_id AS id, pools.name, pool_versions.version
FROM pools
JOIN pool_versions USING (pool_id)
UNION ALL
SELECT 'subset' AS kind, subset_id AS id, name, version
FROM subsets
