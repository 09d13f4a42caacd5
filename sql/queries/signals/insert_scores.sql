INSERT INTO scores (signal_id, instruction_id, value, reason)
SELECT $signal_id, instruction_id, value, reason
FROM shard_scores
