DELETE FROM pool_members
WHERE pool_id = $pool_id
