SELECT instruction_id, checkpoint, loss
FROM losses
WHERE signal_id = $signal_id
