DELETE FROM pools
WHERE pool_id = $pool_id
