-- summary: Sample from the middle of every cluster of embeddings: a small set on which to tune a first model.
-- paper: Cherry LLM, Li et al. 2024, arXiv 2308.12032, its first step, as its authors' code does it
-- ours: each cluster gives one member before any gives two, so that a budget below 1,000 keeps every cluster
-- needs: embeddings
-- param: encoder text = NULL           encoder of the embeddings, if there are several
-- param: k integer = 100 [1..]         clusters, at most one a member
-- param: each integer = 10 [1..]       members to take from each cluster
-- param: low number = 0.25 [0..1]      quantile of the distance to the centre from which members are taken
-- param: high number = 0.75 [0..1]     quantile up to which they are taken
-- param: iterations integer = 20 [0..]  Lloyd steps

WITH clusters AS (
    SELECT
        instruction_id,
        fingerprint,
        cluster,
        distance,
        count(*) OVER (PARTITION BY cluster) AS cluster_size,
        quantile_cont(distance, $low::DOUBLE) OVER (PARTITION BY cluster) AS nearest,
        quantile_cont(distance, $high::DOUBLE) OVER (PARTITION BY cluster) AS farthest
    FROM kmeans(
        (SELECT instruction_id, fingerprint, vector FROM embeddings($pool, encoder => $encoder)),
        k => $k, iterations => $iterations, seed => $seed, start => 'k-means++'
    )
),
sampled AS (
    SELECT
        instruction_id,
        cluster,
        cluster_size,
        distance,
        row_number() OVER (
            PARTITION BY cluster ORDER BY shuffle_key(fingerprint, 'cherry_warm_up ' || $seed)
        ) AS round
    FROM clusters
    WHERE cluster_size < $each OR distance BETWEEN nearest AND farthest
)
SELECT instruction_id, cluster, round, distance
FROM sampled
WHERE round <= $each
ORDER BY round, cluster_size DESC, cluster
LIMIT $budget
