-- name: labels
-- The labels of a shard's instructions, in the order in which they are hashed.
SELECT signal_labels.instruction_id, signal_labels.labels
FROM signal_labels
JOIN signal_members USING (signal_id, instruction_id)
WHERE signal_labels.signal_id = $signal_id AND signal_members.shard = $shard
ORDER BY signal_labels.instruction_id

-- name: losses
-- The losses of a shard's instructions, in the order in which they are hashed.
SELECT losses.instruction_id, losses.checkpoint, losses.loss
FROM losses
JOIN signal_members USING (signal_id, instruction_id)
WHERE losses.signal_id = $signal_id AND signal_members.shard = $shard
ORDER BY losses.instruction_id, losses.checkpoint

-- name: recorded
-- The shards of a signal that hold values, and the hash of each; NULL where none was recorded.
SELECT shard, sha256
FROM shards
WHERE signal_id = $signal_id AND shard IN (SELECT shard FROM signal_members WHERE signal_id = $signal_id)
ORDER BY shard

-- name: score
-- The scores of a shard's instructions, in the order in which they are hashed.
SELECT scores.instruction_id, scores.value
FROM scores
JOIN signal_members USING (signal_id, instruction_id)
WHERE scores.signal_id = $signal_id AND signal_members.shard = $shard
ORDER BY scores.instruction_id, scores.value

-- name: set_sha256
UPDATE shards
SET sha256 = $sha256
WHERE signal_id = $signal_id AND shard = $shard
