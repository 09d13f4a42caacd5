SELECT coalesce(max(shard), -1) + 1
FROM shards
WHERE signal_id = $signal_id
