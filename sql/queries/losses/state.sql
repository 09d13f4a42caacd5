-- How far a trajectory is: its checkpoints, and how many instructions have all of it or a reason for having none.
SELECT
    (SELECT count(*) FROM checkpoints WHERE signal_id = $signal_id) AS n_checkpoints,
    (SELECT count(*) FROM signal_members WHERE signal_id = $signal_id)
    + (SELECT count(*) FROM signal_gaps WHERE signal_id = $signal_id) AS n_finished
