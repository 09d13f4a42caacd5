-- The losses of a shard's instructions, in the order in which they are hashed.
SELECT losses.instruction_id, losses.checkpoint, losses.loss
FROM losses
JOIN signal_members USING (signal_id, instruction_id)
WHERE losses.signal_id = $signal_id AND signal_members.shard = $shard
ORDER BY losses.instruction_id, losses.checkpoint
