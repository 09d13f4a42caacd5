DELETE FROM signal_members
WHERE signal_id = $signal_id AND shard = $shard
