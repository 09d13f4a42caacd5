-- summary: ILA with clusters of embeddings instead of cells of a map.
-- paper: Information Landscape Approximation, arXiv 2509.06463, ablation
-- needs: embeddings, score depth
-- param: depth text = depth            name of the depth score; rid ranks within the domain
-- param: encoder text = NULL           encoder of the embeddings, if there are several
-- param: members integer = 2 [1..]     members to take from each of budget / members clusters
-- param: iterations integer = 20 [0..]  Lloyd steps

WITH clusters AS (
    SELECT instruction_id, fingerprint, cluster
    FROM kmeans(
        (SELECT instruction_id, fingerprint, vector FROM embeddings($pool, encoder => $encoder)),
        k => greatest(1, $budget // $members), iterations => $iterations, seed => $seed, start => 'k-means++'
    )
),
ranked AS (
    SELECT
        clusters.instruction_id,
        clusters.fingerprint,
        clusters.cluster,
        depths.value AS depth,
        row_number() OVER (PARTITION BY clusters.cluster ORDER BY depths.value DESC, clusters.fingerprint) AS round
    FROM clusters
    JOIN score($pool, name => $depth) AS depths USING (instruction_id)
    WHERE depths.value IS NOT NULL
)
SELECT instruction_id, cluster, round, depth
FROM ranked
ORDER BY round, depth DESC, fingerprint
LIMIT $budget
