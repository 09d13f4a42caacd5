INSERT INTO losses (signal_id, instruction_id, checkpoint, loss, n_tokens)
SELECT $signal_id, instruction_id, $checkpoint, loss, n_tokens
FROM checkpoint_losses
ORDER BY instruction_id
