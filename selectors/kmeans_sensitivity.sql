-- summary: Draw by how much a member matters to the k-means cost of the pool.
-- paper: Feldman and Langberg, STOC 2011, arXiv 1106.1379: sensitivities of the k-means cost; without losses, see `sensitivity`
-- needs: embeddings
-- param: encoder text = NULL           encoder of the embeddings, if there are several
-- param: k integer = 100 [1..]         clusters, at most one a member
-- param: iterations integer = 20 [0..]  Lloyd steps

WITH clusters AS (
    SELECT instruction_id, fingerprint, cluster, distance
    FROM kmeans(
        (SELECT instruction_id, fingerprint, vector FROM embeddings($pool, encoder => $encoder)),
        k => $k, iterations => $iterations, seed => $seed, start => 'k-means++'
    )
),
-- Summed in a fixed order: the sum of fractions depends on the order of addition.
total AS (
    SELECT list_sum(list(distance ** 2 ORDER BY fingerprint)) AS cost
    FROM clusters
),
weighed AS (
    SELECT
        instruction_id,
        fingerprint,
        cluster,
        distance,
        coalesce(distance ** 2 / nullif(total.cost, 0), 0)
            + 1 / (max(cluster + 1) OVER () * count(*) OVER (PARTITION BY cluster)) AS sensitivity
    FROM clusters, total
)
SELECT instruction_id, cluster, distance, sensitivity
FROM weighed
ORDER BY weighted_sample_key(fingerprint, 'kmeans_sensitivity ' || $seed, sensitivity), fingerprint
LIMIT $budget
