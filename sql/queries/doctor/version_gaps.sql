SELECT pools.name || ' has ' || count(*) || ' versions and the newest is ' || max(pool_versions.version) AS problem
FROM pools
LEFT JOIN pool_versions USING (pool_id)
GROUP BY pools.name
HAVING count(pool_versions.version) <> coalesce(max(pool_versions.version), -1)
