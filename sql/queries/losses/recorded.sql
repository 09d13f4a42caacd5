-- Who has a loss at a checkpoint.
SELECT instruction_id
FROM losses
WHERE signal_id = $signal_id AND checkpoint = $checkpoint
