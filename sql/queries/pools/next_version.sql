SELECT coalesce(max(version), 0) + 1 AS version
FROM pool_versions
WHERE pool_id = $pool_id
