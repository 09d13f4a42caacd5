INSERT INTO signal_gaps (signal_id, instruction_id, shard, reason)
SELECT $signal_id, instruction_id, $shard, reason
FROM shard_gaps
