-- summary: Keep members whose reward curve runs along the mean curve: 1 - sum (r - mean)^2 / sum (1 - mean)^2.
-- paper: LIMR, Li et al. 2025, arXiv 2502.11886
-- ours: a trajectory of losses counts as rewards exp(-loss), the mean probability of a token
-- needs: losses
-- param: values text = losses {losses, rewards}  what the trajectories hold; rewards lie between 0 and 1
-- param: threshold number = 0.6        lowest alignment that is kept
-- param: proxy text = NULL             proxy of the trajectories, if there are several
-- param: incomplete text = refuse {refuse, drop, impute}  handling of trajectories that lack a checkpoint

WITH curves AS (
    SELECT
        instruction_id,
        fingerprint,
        list_transform(losses, lambda x: CASE WHEN $values = 'losses' THEN exp(-x) ELSE x END)::DOUBLE[] AS rewards
    FROM trajectories($pool, proxy => $proxy, incomplete => $incomplete)
),
points AS (
    SELECT fingerprint, unnest(rewards) AS reward, generate_subscripts(rewards, 1) AS step
    FROM curves
),
-- Summed in a fixed order: the sum of fractions depends on the order of addition.
means AS (
    SELECT step, list_sum(list(reward ORDER BY fingerprint)) / count(*) AS mean
    FROM points
    GROUP BY step
),
mean_curve AS (
    SELECT list(mean ORDER BY step) AS means
    FROM means
),
aligned AS (
    SELECT
        instruction_id,
        fingerprint,
        1 - list_sum(list_transform(rewards, lambda reward, step: (reward - means[step]) ** 2))
            / nullif(list_sum(list_transform(means, lambda mean: (1 - mean) ** 2)), 0) AS alignment
    FROM curves, mean_curve
)
SELECT instruction_id, alignment
FROM aligned
WHERE alignment >= $threshold
ORDER BY alignment DESC, fingerprint
LIMIT $budget
