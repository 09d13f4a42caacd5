-- summary: Sample evenly from clusters of loss trajectories.
-- paper: SmallToLarge, arXiv 2403.07384, Algorithm 1
-- needs: losses
-- param: k integer = 100 [1..]         clusters, at most one a member
-- param: iterations integer = 20 [0..]  Lloyd steps
-- param: proxy text = NULL             proxy of the trajectories, if there are several
-- param: incomplete text = refuse {refuse, drop, impute}  handling of trajectories that lack a checkpoint

WITH clusters AS (
    SELECT instruction_id, cluster, lot(fingerprint, 's2l ' || $seed) AS lot
    FROM kmeans(
        (SELECT instruction_id, fingerprint, losses FROM trajectories($pool, proxy => $proxy, incomplete => $incomplete)),
        k => $k, iterations => $iterations, seed => $seed
    )
),
drawn AS (
    SELECT
        instruction_id,
        cluster,
        count(*) OVER (PARTITION BY cluster) AS cluster_size,
        row_number() OVER (PARTITION BY cluster ORDER BY lot) AS turn
    FROM clusters
)
SELECT instruction_id, cluster, cluster_size, turn
FROM drawn
ORDER BY turn, cluster_size DESC, cluster
LIMIT $budget
