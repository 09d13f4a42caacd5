-- summary: Sample sentences by their mean vector's share of the pool's k-means cost.
-- paper: Data-Efficient Learning via Clustering-Based Sensitivity Sampling, arXiv 2402.17327; a baseline of FisherSFT, arXiv 2505.14826
-- param: k integer = 20                number of clusters

WITH given AS (
    SELECT instruction_id, fingerprint, CAST(metadata -> 'mean' AS FLOAT[10]) AS vector
    FROM pool($pool)
),
clusters AS (
    SELECT instruction_id, fingerprint, cluster, distance
    FROM kmeans((SELECT instruction_id, fingerprint, vector FROM given), k => $k, seed => $seed)
),
weighed AS (
    SELECT
        instruction_id,
        fingerprint,
        distance ** 2 / sum(distance ** 2) OVER ()
            + 1 / (max(cluster + 1) OVER () * count(*) OVER (PARTITION BY cluster)) AS sensitivity
    FROM clusters
)
SELECT instruction_id, sensitivity
FROM weighed
ORDER BY weighted_sample_key(fingerprint, 'sensitivity ' || $seed, sensitivity), fingerprint
LIMIT $budget
