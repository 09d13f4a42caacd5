DELETE FROM checkpoints
WHERE signal_id = $signal_id
