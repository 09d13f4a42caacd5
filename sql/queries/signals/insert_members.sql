INSERT INTO signal_members (signal_id, instruction_id, shard)
SELECT $signal_id, instruction_id, $shard
FROM shard_members
