SELECT count(DISTINCT checkpoint)
FROM checkpoints
WHERE signal_id = $signal_id
