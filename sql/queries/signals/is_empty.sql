-- Whether nothing of a signal was ever written.
SELECT NOT EXISTS (FROM shards WHERE signal_id = $signal_id)
    AND NOT EXISTS (FROM losses WHERE signal_id = $signal_id)
    AND NOT EXISTS (FROM checkpoints WHERE signal_id = $signal_id)
