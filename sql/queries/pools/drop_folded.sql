DELETE FROM folded_records
WHERE pool_id = $pool_id
