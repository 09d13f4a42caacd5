-- Losses of checkpoints that are none any more, or never were complete.
DELETE FROM losses
WHERE signal_id = $signal_id
    AND checkpoint NOT IN (SELECT checkpoint FROM checkpoints WHERE signal_id = $signal_id)
