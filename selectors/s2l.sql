-- summary: Sample evenly from clusters of loss trajectories.
-- paper: SmallToLarge, arXiv 2403.07384, Algorithm 1
-- needs: losses
-- param: k integer = 100 [1..]         clusters, at most one a member
-- param: iterations integer = 20 [0..]  Lloyd steps
-- param: start text = random {random, k-means++}  first centres: random rows, as in the paper's faiss; k-means++ is ours and draws rare shapes more often
-- param: proxy text = NULL             proxy of the trajectories, if there are several
-- param: incomplete text = refuse {refuse, drop, impute}  handling of trajectories that lack a checkpoint

WITH clusters AS (
    SELECT instruction_id, cluster, shuffle_key(fingerprint, 's2l ' || $seed) AS shuffle_key
    FROM kmeans(
        (SELECT instruction_id, fingerprint, losses FROM trajectories($pool, proxy => $proxy, incomplete => $incomplete)),
        k => $k, iterations => $iterations, seed => $seed, start => $start
    )
),
sampled AS (
    SELECT
        instruction_id,
        cluster,
        count(*) OVER (PARTITION BY cluster) AS cluster_size,
        row_number() OVER (PARTITION BY cluster ORDER BY shuffle_key) AS round
    FROM clusters
)
SELECT instruction_id, cluster, cluster_size, round
FROM sampled
ORDER BY round, cluster_size DESC, cluster
LIMIT $budget
