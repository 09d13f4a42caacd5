SELECT shard
FROM shards
WHERE signal_id = $signal_id
ORDER BY shard
