-- The first loss of a trajectory minus its last; only whole trajectories are read.
WITH ends AS (
    SELECT min(checkpoint) AS first, max(checkpoint) AS last
    FROM checkpoints
    WHERE signal_id = $losses
)
SELECT instruction_id, before.loss::DOUBLE - after.loss::DOUBLE AS value, NULL::VARCHAR AS reason
FROM wanted
JOIN (SELECT instruction_id FROM signal_members WHERE signal_id = $losses) AS whole USING (instruction_id)
JOIN (
    SELECT losses.instruction_id, losses.loss
    FROM losses
    JOIN ends ON losses.checkpoint = ends.first
    WHERE losses.signal_id = $losses
) AS before USING (instruction_id)
JOIN (
    SELECT losses.instruction_id, losses.loss
    FROM losses
    JOIN ends ON losses.checkpoint = ends.last
    WHERE losses.signal_id = $losses
) AS after USING (instruction_id)
UNION ALL
SELECT instruction_id, NULL AS value, signal_gaps.reason
FROM wanted
JOIN signal_gaps USING (instruction_id)
WHERE signal_gaps.signal_id = $losses
