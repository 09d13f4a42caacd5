SELECT
    pools.name || '@' || pool_versions.version || ' says ' || pool_versions.n_quarantined || ' quarantined and has ' || count(quarantine.reason) AS problem
FROM pools
JOIN pool_versions USING (pool_id)
LEFT JOIN quarantine USING (pool_id, version)
GROUP BY pools.name, pool_versions.version, pool_versions.n_quarantined
HAVING count(quarantine.reason) <> pool_versions.n_quarantined
