DELETE FROM pool_versions
WHERE pool_id = $pool_id
