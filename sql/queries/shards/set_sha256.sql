UPDATE shards
SET sha256 = $sha256
WHERE signal_id = $signal_id AND shard = $shard
