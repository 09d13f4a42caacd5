-- name: insert
INSERT INTO signal_labels (signal_id, instruction_id, labels)
SELECT $signal_id, instruction_id, labels
FROM shard_labels
