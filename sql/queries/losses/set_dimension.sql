UPDATE signals
SET dimension = (SELECT count(*) FROM checkpoints WHERE signal_id = $signal_id)
WHERE signal_id = $signal_id
