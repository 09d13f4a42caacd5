-- The labels of a shard's instructions, in the order in which they are hashed.
SELECT signal_labels.instruction_id, signal_labels.labels
FROM signal_labels
JOIN signal_members USING (signal_id, instruction_id)
WHERE signal_labels.signal_id = $signal_id AND signal_members.shard = $shard
ORDER BY signal_labels.instruction_id
