SELECT 'tag ' || tags.name || '@' || tags.tag || ' names version ' || tags.version || ', which is not there' AS problem
FROM tags
ANTI JOIN (
    SELECT pools.name, pool_versions.version
    FROM pools
    JOIN pool_versions USING (pool_id)
    UNION ALL
    SELECT name, version
    FROM subsets
) AS there USING (name, version)
