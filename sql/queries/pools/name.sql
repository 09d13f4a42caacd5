SELECT name
FROM pools
WHERE pool_id = $pool_id
