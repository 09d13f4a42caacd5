-- summary: Share the budget between sources, then sample evenly from each source's clusters of loss trajectories.
-- paper: SmallToLarge, arXiv 2403.07384, as its authors' code does it: members of clusters of one or two fill what is left, in random order
-- needs: losses
-- param: k integer = 100 [1..]         clusters in each source, at most one a member
-- param: iterations integer = 20 [0..]  Lloyd steps
-- param: start text = random {random, k-means++}  first centres: random rows, as in the paper's faiss; k-means++ is ours and draws rare shapes more often
-- param: proxy text = NULL             proxy of the trajectories, if there are several
-- param: incomplete text = refuse {refuse, drop, impute}  handling of trajectories that lack a checkpoint
-- param: smallest integer = 3          clusters with fewer members come last

WITH members AS (
    SELECT instruction_id, fingerprint, source, losses
    FROM trajectories($pool, proxy => $proxy, incomplete => $incomplete)
    JOIN pool($pool) USING (instruction_id, fingerprint)
),
clusters AS (
    SELECT instruction_id, source, cluster, shuffle_key(fingerprint, 's2l_by_source ' || $seed) AS shuffle_key
    FROM kmeans((SELECT * FROM members), k => $k, iterations => $iterations, seed => $seed, start => $start, within => 'source')
),
sampled AS (
    SELECT
        instruction_id,
        source,
        cluster,
        shuffle_key,
        count(*) OVER (PARTITION BY source) AS source_size,
        count(*) OVER (PARTITION BY source, cluster) AS cluster_size,
        row_number() OVER (PARTITION BY source, cluster ORDER BY shuffle_key) AS round
    FROM clusters
),
placed AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY source
            ORDER BY
                cluster_size < $smallest,
                CASE WHEN cluster_size < $smallest THEN shuffle_key END,
                round,
                cluster_size DESC,
                cluster
        ) AS place_in_source
    FROM sampled
)
SELECT instruction_id, source, cluster, cluster_size, round, place_in_source
FROM placed
ORDER BY place_in_source, source_size DESC, source
LIMIT $budget
