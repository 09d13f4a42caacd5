DELETE FROM shards
WHERE signal_id = $signal_id
