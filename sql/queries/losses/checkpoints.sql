SELECT checkpoint, step, epoch, mean_loss, seconds
FROM checkpoints
WHERE signal_id = $signal_id
ORDER BY checkpoint
