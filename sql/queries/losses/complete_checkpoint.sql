-- A checkpoint is there once every member's loss is; its seconds are those of the shards since the one before.
INSERT INTO checkpoints (signal_id, checkpoint, step, epoch, mean_loss, seconds, recorded_at)
SELECT
    $signal_id,
    $checkpoint,
    $step,
    $epoch,
    (SELECT favg(loss) FROM losses WHERE signal_id = $signal_id AND checkpoint = $checkpoint),
    (SELECT coalesce(sum(seconds), 0) FROM shards WHERE signal_id = $signal_id)
    - (SELECT coalesce(sum(seconds), 0) FROM checkpoints WHERE signal_id = $signal_id),
    now() AT TIME ZONE 'UTC'
WHERE NOT EXISTS (SELECT 1 FROM checkpoints WHERE signal_id = $signal_id AND checkpoint = $checkpoint)
