DELETE FROM quarantine
WHERE pool_id = $pool_id
