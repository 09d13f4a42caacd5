-- summary: Take members near the centre of every cluster of topic and difficulty, cluster by cluster.
-- paper: SPaRFT, Do et al. 2025, arXiv 2508.05015, its cluster-based data reduction; read from its abstract
-- ours: the weight of difficulty, nearest to the centre first, equal shares; the bandit is left to the trainer
-- needs: embeddings, losses
-- param: values text = rewards {losses, rewards}  what the trajectories hold; a loss counts as the reward exp(-loss)
-- param: k integer = 10 [1..]          clusters, at most one a member
-- param: weight number = 1 [0..]       weight of difficulty beside the principal components
-- param: variance number = 0.95 [0..1]  share of the variance that the principal components keep
-- param: encoder text = NULL           encoder of the embeddings, if there are several
-- param: proxy text = NULL             proxy of the trajectories, if there are several
-- param: incomplete text = refuse {refuse, drop, impute}  handling of trajectories that lack a checkpoint

WITH difficulties AS (
    SELECT
        instruction_id,
        1 - list_avg(list_transform(losses, lambda x: CASE WHEN $values = 'losses' THEN exp(-x) ELSE x END)::DOUBLE[])
            AS difficulty
    FROM trajectories($pool, proxy => $proxy, incomplete => $incomplete)
),
reduced AS (
    SELECT instruction_id, fingerprint, components
    FROM pca(
        (SELECT instruction_id, fingerprint, vector FROM embeddings($pool, encoder => $encoder)),
        variance => $variance
    )
),
points AS (
    SELECT
        instruction_id,
        fingerprint,
        difficulty,
        list_append(components, ($weight * difficulty)::FLOAT) AS point
    FROM reduced
    JOIN difficulties USING (instruction_id)
),
clusters AS (
    SELECT instruction_id, fingerprint, difficulty, cluster, distance
    FROM kmeans((SELECT * FROM points), k => $k, seed => $seed, start => 'k-means++')
),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY cluster ORDER BY distance, fingerprint) AS round
    FROM clusters
)
SELECT instruction_id, cluster, round, difficulty, distance
FROM ranked
ORDER BY round, cluster, fingerprint
LIMIT $budget
