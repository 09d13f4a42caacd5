-- summary: Drop members that are semantic duplicates of another member of their cluster.
-- paper: SemDeDup, Abbas et al. 2023, arXiv 2303.09540
-- ours: what is kept comes in the order of its distance from the centre, the farthest first
-- needs: embeddings
-- param: encoder text = NULL           encoder of the embeddings, if there are several
-- param: epsilon number = 0.05 [0..2]  a member is dropped when its cosine to an earlier one exceeds 1 - epsilon
-- param: k integer = 100 [1..]         clusters, at most one a member
-- param: iterations integer = 20 [0..]  Lloyd steps

WITH vectors AS (
    SELECT instruction_id, fingerprint, vector
    FROM embeddings($pool, encoder => $encoder)
),
clusters AS (
    SELECT instruction_id, cluster, distance
    FROM kmeans(
        (SELECT * FROM vectors), k => $k, iterations => $iterations, seed => $seed, start => 'k-means++'
    )
),
placed AS (
    SELECT instruction_id, fingerprint, vector, cluster, distance
    FROM vectors
    JOIN clusters USING (instruction_id)
)
SELECT instruction_id, cluster, distance, nearest_similarity
FROM nearest_earlier((SELECT * FROM placed), by => 'distance', within => 'cluster')
WHERE nearest_similarity IS NULL OR nearest_similarity <= 1 - $epsilon
ORDER BY distance DESC, fingerprint
LIMIT $budget
