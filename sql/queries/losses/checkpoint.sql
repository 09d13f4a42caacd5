INSERT INTO checkpoints (signal_id, checkpoint, step, epoch, mean_loss, recorded_at)
VALUES ($signal_id, $checkpoint, $step, $epoch, $mean_loss, now() AT TIME ZONE 'UTC')
