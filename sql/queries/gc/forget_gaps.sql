DELETE FROM signal_gaps
WHERE signal_id = $signal_id AND shard = $shard
