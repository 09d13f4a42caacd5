-- summary: Draw by the loss at the nearest cluster centre plus the distance to it.
-- paper: Axiotis et al., Data-Efficient Learning via Clustering-Based Sensitivity Sampling, arXiv 2402.17327, Algorithm 1
-- ours: the loss at a centre is that of the member nearest to it; members are drawn without replacement
-- needs: embeddings, score response_loss
-- param: encoder text = NULL           encoder of the embeddings, if there are several
-- param: loss text = response_loss     score that holds the losses of a proxy
-- param: smoothness number = 1 [0..]   lambda: the most that the loss changes per unit of squared distance
-- param: k integer = 100 [1..]         clusters, at most one a member
-- param: iterations integer = 20 [0..]  Lloyd steps

WITH clusters AS (
    SELECT instruction_id, fingerprint, cluster, distance
    FROM kmeans(
        (SELECT instruction_id, fingerprint, vector FROM embeddings($pool, encoder => $encoder)),
        k => $k, iterations => $iterations, seed => $seed, start => 'k-means++'
    )
),
centres AS (
    SELECT cluster, first(losses.value ORDER BY distance, fingerprint) AS loss
    FROM clusters
    JOIN score($pool, name => $loss) AS losses USING (instruction_id, fingerprint)
    WHERE losses.value IS NOT NULL
    GROUP BY cluster
),
weighed AS (
    SELECT
        instruction_id,
        fingerprint,
        cluster,
        distance,
        centres.loss + $smoothness * distance ** 2 AS sensitivity
    FROM clusters
    JOIN centres USING (cluster)
)
SELECT instruction_id, cluster, distance, sensitivity
FROM weighed
ORDER BY weighted_sample_key(fingerprint, 'sensitivity ' || $seed, sensitivity), fingerprint
LIMIT $budget
