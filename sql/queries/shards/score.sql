-- The scores of a shard's instructions, in the order in which they are hashed.
SELECT scores.instruction_id, scores.value
FROM scores
JOIN signal_members USING (signal_id, instruction_id)
WHERE scores.signal_id = $signal_id AND signal_members.shard = $shard
ORDER BY scores.instruction_id, scores.value
