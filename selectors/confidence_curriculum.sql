-- summary: Go from the surest members to the least sure, in as many stages as there are checkpoints.
-- paper: a baseline of SmallToLarge, arXiv 2403.07384; the stages are ours: members are cut by mean confidence into one band a
-- paper: checkpoint, surest first, and a band gives its surest members at that checkpoint
-- needs: losses
-- order: matters
-- param: proxy text = NULL             proxy of the trajectories, if there are several
-- param: incomplete text = refuse {refuse, drop, impute}  handling of trajectories that lack a checkpoint

WITH members AS (
    SELECT instruction_id, fingerprint, losses, list_avg(losses) AS mean_loss, len(losses) AS n_checkpoints
    FROM trajectories($pool, proxy => $proxy, incomplete => $incomplete)
),
staged AS (
    SELECT
        *,
        1 + ((row_number() OVER (ORDER BY mean_loss, fingerprint) - 1) * n_checkpoints) // count(*) OVER () AS stage
    FROM members
),
ranked AS (
    SELECT
        instruction_id,
        stage,
        losses[stage] AS loss,
        row_number() OVER (PARTITION BY stage ORDER BY losses[stage], fingerprint) AS round
    FROM staged
),
selected AS (
    SELECT *
    FROM ranked
    ORDER BY round, stage
    LIMIT $budget
)
SELECT instruction_id, stage, round, loss
FROM selected
ORDER BY stage, round
