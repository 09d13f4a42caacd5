-- A signal of which nothing was computed.
DELETE FROM signals
WHERE signal_id = $signal_id
