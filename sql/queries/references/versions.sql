SELECT 'pool' AS kind, pools.pool_id AS id, pool_versions.version
FROM pools
JOIN pool_versions USING (pool_id)
WHERE pools.name = $name
UNION ALL
SELECT 'subset' AS kind, subset_id AS id, version
FROM subsets
WHERE name = $name
ORDER BY version
