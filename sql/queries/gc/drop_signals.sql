DELETE FROM signals
WHERE signal_id = $signal_id
