SELECT
    pools.name || '@' || pool_versions.version || ' says ' || pool_versions.n_members || ' members and has ' || count(pool_members.instruction_id) AS problem
FROM pools
JOIN pool_versions USING (pool_id)
LEFT JOIN pool_members
    ON pool_members.pool_id = pool_versions.pool_id
    AND pool_members.added_version <= pool_versions.version
    AND (pool_members.removed_version IS NULL OR pool_members.removed_version > pool_versions.version)
GROUP BY pools.name, pool_versions.version, pool_versions.n_members
HAVING count(pool_members.instruction_id) <> pool_versions.n_members
