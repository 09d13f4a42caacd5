-- name: checkpoint
INSERT INTO checkpoints (signal_id, checkpoint, step, epoch, mean_loss, recorded_at)
VALUES ($signal_id, $checkpoint, $step, $epoch, $mean_loss, now() AT TIME ZONE 'UTC')

-- name: checkpoints
-- The checkpoints of a run, in order; number -1 is the model before training, which has no number among them.
SELECT nullif(checkpoint, -1) AS checkpoint, step, epoch, mean_loss, seconds
FROM checkpoints
WHERE signal_id = $signal_id
ORDER BY checkpoints.checkpoint

-- name: complete_checkpoint
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

-- name: forget_checkpoints
DELETE FROM checkpoints
WHERE signal_id = $signal_id AND step > $step

-- name: forget_losses
-- Losses of checkpoints that are none any more, or never were complete.
DELETE FROM losses
WHERE signal_id = $signal_id
    AND checkpoint NOT IN (SELECT checkpoint FROM checkpoints WHERE signal_id = $signal_id)

-- name: has_start
-- Whether the losses before training are recorded.
SELECT EXISTS (FROM checkpoints WHERE signal_id = $signal_id AND checkpoint = -1)

-- name: insert
INSERT INTO losses (signal_id, instruction_id, checkpoint, loss, n_tokens)
SELECT $signal_id, instruction_id, $checkpoint, loss, n_tokens
FROM checkpoint_losses
ORDER BY instruction_id

-- name: members
-- Who is trained on and scored, in an order that does not depend on the pool's.
SELECT members.instruction_id, instructions.fingerprint
FROM members_of($kind, $id, $version) AS members
JOIN instructions USING (instruction_id)
ORDER BY instructions.fingerprint

-- name: not_numbers
-- Whose loss was no number at some checkpoint.
SELECT DISTINCT instruction_id
FROM losses
WHERE signal_id = $signal_id AND loss IS NULL
ORDER BY instruction_id

-- name: recorded
-- Who has a loss at a checkpoint.
SELECT instruction_id
FROM losses
WHERE signal_id = $signal_id AND checkpoint = $checkpoint

-- name: set_dimension
UPDATE signals
SET dimension = (SELECT count(*) FROM checkpoints WHERE signal_id = $signal_id AND checkpoint >= 0)
WHERE signal_id = $signal_id

-- name: state
-- How far a trajectory is: its checkpoints, and how many instructions have all of it or a reason for having none.
SELECT
    (SELECT count(*) FROM checkpoints WHERE signal_id = $signal_id AND checkpoint >= 0) AS n_checkpoints,
    (SELECT count(*) FROM signal_members WHERE signal_id = $signal_id)
    + (SELECT count(*) FROM signal_gaps WHERE signal_id = $signal_id) AS n_finished
