SELECT shard
FROM shards
WHERE signal_id = $signal_id AND lance_version IS NOT NULL
ORDER BY shard
