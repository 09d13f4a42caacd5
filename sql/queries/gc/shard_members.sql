-- Who has a value in a shard.
SELECT instruction_id
FROM signal_members
WHERE signal_id = $signal_id AND shard = $shard
