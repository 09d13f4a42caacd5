-- summary: Take the best members by score, and the best of every cluster of embeddings.
-- paper: CaR (Clustering and Ranking), Ge et al. 2024, arXiv 2402.18191
-- ours: the clusters' best come by score where the budget does not hold them all
-- needs: embeddings, a score
-- param: score text = car              quality of a pair, by the paper's IQS model or any other score
-- param: best integer = 1000 [0..]     members to take by score alone
-- param: variance number = 0.95 [0..1]  share of the variance that the principal components keep
-- param: k integer = NULL [1..]        clusters; NULL: the root of half the members
-- param: encoder text = NULL           encoder of the embeddings, if there are several
-- param: iterations integer = 20 [0..]  Lloyd steps

WITH scored AS (
    SELECT instruction_id, fingerprint, vector, scores.value AS score
    FROM embeddings($pool, encoder => $encoder)
    JOIN score($pool, name => $score) AS scores USING (instruction_id, fingerprint)
    WHERE scores.value IS NOT NULL
),
clusters AS (
    SELECT instruction_id, fingerprint, score, cluster
    FROM kmeans(
        (SELECT * FROM pca((SELECT * FROM scored), variance => $variance)),
        k => (SELECT coalesce($k, greatest(1, floor(sqrt(count(*) / 2))::INTEGER)) FROM scored),
        iterations => $iterations, seed => $seed, start => 'k-means++'
    )
),
ranked AS (
    SELECT
        *,
        row_number() OVER (ORDER BY score DESC, fingerprint) AS place,
        row_number() OVER (PARTITION BY cluster ORDER BY score DESC, fingerprint) AS place_in_cluster
    FROM clusters
)
SELECT instruction_id, score, cluster, place, place_in_cluster
FROM ranked
WHERE place <= $best OR place_in_cluster = 1
ORDER BY place > $best, place
LIMIT $budget
