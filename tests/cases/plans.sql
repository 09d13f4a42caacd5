-- title: a pool is a macro over stored tables, under its own name
SELECT prompt FROM pool('tiny@1')
-- becomes
SELECT prompt FROM pool_at(1, 1) AS pool
-- title: an alias of the user's stays
SELECT p.prompt FROM pool('tiny@1') AS p
-- becomes
SELECT p.prompt FROM pool_at(1, 1) AS p
-- title: columns of an alias stay
SELECT a FROM pool('few') p(a, b)
-- becomes
SELECT a FROM subset_at(1) p(a, b)
-- title: a reference without a version is the newest
FROM pool('tiny')
-- becomes
FROM pool_at(1, 2) AS pool
-- title: a tag is its version
FROM pool('tiny@first')
-- becomes
FROM pool_at(1, 1) AS pool
-- title: a reference from a parameter
FROM pool($pool)
-- becomes
FROM pool_at(1, 1) AS pool
-- title: the name of an argument
FROM pool(ref => 'few')
-- becomes
FROM subset_at(1) AS pool
-- title: capitals and quotes make no difference
SELECT * FROM POOL('tiny@1') AS a, "pool"('tiny@1') AS b
-- becomes
SELECT * FROM pool_at(1, 1) AS a, pool_at(1, 1) AS b
-- title: comments and strings that look like calls stay
SELECT 'pool(''x'')' AS s /* FROM pool('x') */ FROM pool('tiny@1') -- pool('x')
-- becomes
SELECT 'pool(''x'')' AS s /* FROM pool('x') */ FROM pool_at(1, 1) AS pool -- pool('x')
-- title: lines stay lines
SELECT
    prompt
FROM
    pool('tiny@1')
WHERE
    row_number > 3
-- becomes
SELECT
    prompt
FROM
    pool_at(1, 1) AS pool
WHERE
    row_number > 3
-- title: a join of two
SELECT 1 FROM pool('tiny@1') AS a JOIN pool('few') AS b USING (instruction_id)
-- becomes
SELECT 1 FROM pool_at(1, 1) AS a JOIN subset_at(1) AS b USING (instruction_id)
-- title: in a subquery, a CTE and a set operation
WITH a AS (SELECT * FROM pool('tiny@1'))
SELECT (SELECT count(*) FROM pool('few')) FROM a UNION ALL SELECT count(*) FROM pool('tiny@2')
-- becomes
WITH a AS (SELECT * FROM pool_at(1, 1) AS pool)
SELECT (SELECT count(*) FROM subset_at(1) AS pool) FROM a UNION ALL SELECT count(*) FROM pool_at(1, 2) AS pool
-- title: trajectories are read by a step
SELECT losses FROM trajectories('tiny', proxy => 'tiny')
-- becomes
-- __fn0 = trajectories('tiny@2', proxy => 'tiny')
SELECT losses FROM __fn0 AS trajectories
-- title: a kernel over a source
SELECT instruction_id, cluster FROM kmeans((SELECT instruction_id, fingerprint, losses FROM trajectories('tiny', proxy => 'tiny')), k => 3)
-- becomes
-- __fn0 = trajectories('tiny@2', proxy => 'tiny')
-- __fn1 = kmeans((SELECT * FROM (SELECT instruction_id, fingerprint, losses FROM __fn0 AS trajectories)), k => 3)
SELECT instruction_id, cluster FROM __fn1 AS kmeans
-- title: a kernel over a source by name alone
SELECT * FROM kmeans(trajectories('few', proxy => 'tiny'), k => 2) AS c
-- becomes
-- __fn0 = trajectories('few@1', proxy => 'tiny')
-- __fn1 = kmeans((SELECT * FROM __fn0 AS trajectories), k => 2)
SELECT * FROM __fn1 AS c
-- title: a kernel over a CTE by name alone
WITH v AS (SELECT * FROM embeddings('tiny')) SELECT * FROM kmeans(v, k => 2)
-- becomes
-- __fn0 = embeddings('tiny@2')
-- __fn1 = kmeans((WITH v AS (SELECT * FROM __fn0 AS embeddings) SELECT * FROM v), k => 2)
WITH v AS (SELECT * FROM __fn0 AS embeddings) SELECT * FROM __fn1 AS kmeans
-- title: only the CTEs before a place are seen from it
WITH a AS (SELECT 1 AS x, [2] AS v), b AS (SELECT * FROM kmeans((SELECT * FROM a), k => 1)), c AS (SELECT 2) SELECT * FROM b, c
-- becomes
-- __fn0 = kmeans((WITH a AS (SELECT 1 AS x, [2] AS v) SELECT * FROM (SELECT * FROM a)), k => 1)
WITH a AS (SELECT 1 AS x, [2] AS v), b AS (SELECT * FROM __fn0 AS kmeans), c AS (SELECT 2) SELECT * FROM b, c
-- title: a kernel over a kernel in a CTE computes it once
WITH v AS (SELECT * FROM kmeans((SELECT * FROM embeddings('tiny')), k => 2))
SELECT * FROM kmeans((SELECT cluster, vector FROM v JOIN embeddings('tiny') USING (instruction_id)), k => 3) JOIN v USING (cluster)
-- becomes
-- __fn0 = embeddings('tiny@2')
-- __fn1 = kmeans((SELECT * FROM (SELECT * FROM __fn0 AS embeddings)), k => 2)
-- __fn2 = kmeans((WITH v AS (SELECT * FROM __fn1 AS kmeans) SELECT * FROM (SELECT cluster, vector FROM v JOIN __fn0 AS embeddings USING (instruction_id))), k => 3)
WITH v AS (SELECT * FROM __fn1 AS kmeans)
SELECT * FROM __fn2 AS kmeans JOIN v USING (cluster)
-- title: a kernel directly in a kernel
SELECT * FROM kmeans((SELECT instruction_id, [x, y] AS place FROM project((SELECT * FROM embeddings('tiny')), method => 'pca')), k => 2)
-- becomes
-- __fn0 = embeddings('tiny@2')
-- __fn1 = project((SELECT * FROM (SELECT * FROM __fn0 AS embeddings)), method => 'pca')
-- __fn2 = kmeans((SELECT * FROM (SELECT instruction_id, [x, y] AS place FROM __fn1 AS project)), k => 2)
SELECT * FROM __fn2 AS kmeans
-- title: CTEs of several levels
WITH a AS (SELECT * FROM embeddings('tiny@1'))
SELECT * FROM (WITH b AS (SELECT * FROM a) SELECT * FROM kmeans((WITH c AS (SELECT * FROM b) SELECT * FROM c), k => 2)) AS s
-- becomes
-- __fn0 = embeddings('tiny@1')
-- __fn1 = kmeans((WITH a AS (SELECT * FROM __fn0 AS embeddings) SELECT * FROM (WITH b AS (SELECT * FROM a) SELECT * FROM (WITH c AS (SELECT * FROM b) SELECT * FROM c))), k => 2)
WITH a AS (SELECT * FROM __fn0 AS embeddings)
SELECT * FROM (WITH b AS (SELECT * FROM a) SELECT * FROM __fn1 AS kmeans) AS s
-- title: names and columns of CTEs, materialised and recursive ones
WITH RECURSIVE a(x) AS MATERIALIZED (SELECT 1), r AS NOT MATERIALIZED (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3)
SELECT * FROM kmeans((SELECT [x, n] AS v FROM a, r), k => 1)
-- becomes
-- __fn0 = kmeans((WITH RECURSIVE a(x) AS MATERIALIZED (SELECT 1), r AS NOT MATERIALIZED (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT * FROM (SELECT [x, n] AS v FROM a, r)), k => 1)
WITH RECURSIVE a(x) AS MATERIALIZED (SELECT 1), r AS NOT MATERIALIZED (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3)
SELECT * FROM __fn0 AS kmeans
-- title: arguments in every way of writing
SELECT * FROM kmeans((SELECT * FROM embeddings('tiny')), k := 3, iterations = 7, seed => $seed + 1)
-- becomes
-- __fn0 = embeddings('tiny@2')
-- __fn1 = kmeans((SELECT * FROM (SELECT * FROM __fn0 AS embeddings)), k => 3, iterations => 7, seed => $seed + 1)
SELECT * FROM __fn1 AS kmeans
-- title: an argument that is computed from a CTE
WITH n AS (SELECT 3 AS k) SELECT * FROM kmeans((SELECT * FROM embeddings('tiny')), k => (SELECT max(k) FROM n))
-- becomes
-- __fn0 = embeddings('tiny@2')
-- __fn1 = kmeans((WITH n AS (SELECT 3 AS k) SELECT * FROM (SELECT * FROM __fn0 AS embeddings)), k => WITH n AS (SELECT 3 AS k) SELECT (SELECT max(k) FROM n))
WITH n AS (SELECT 3 AS k) SELECT * FROM __fn1 AS kmeans
-- title: scores have a column a name
SELECT ifd FROM scores('tiny')
-- becomes
SELECT ifd FROM (SELECT instruction_id, fingerprint, "depth", "ifd" FROM members_of('pool', 1, 2) JOIN instructions USING (instruction_id) LEFT JOIN (SELECT instruction_id, CAST(max(value) FILTER (WHERE signal_id = 4) AS DOUBLE) AS "depth", CAST(max(value) FILTER (WHERE signal_id = 3) AS DOUBLE) AS "ifd" FROM scores WHERE signal_id IN (4, 3) GROUP BY instruction_id) USING (instruction_id)) AS scores
-- title: one score
SELECT value FROM score('tiny', name => 'ifd')
-- becomes
SELECT value FROM score_at('pool', 1, 2, 3) AS score
-- title: in a pivot
SELECT * FROM (PIVOT (SELECT source, row_number FROM pool('tiny@1')) ON source IN ('math', 'chat') USING count(*))
-- becomes
SELECT * FROM (PIVOT (SELECT source, row_number FROM pool_at(1, 1) AS pool) ON source IN ('math', 'chat') USING count(*))
-- title: with FROM first
FROM (FROM pool('tiny@1') SELECT prompt) AS s SELECT s.prompt
-- becomes
FROM (FROM pool_at(1, 1) AS pool SELECT prompt) AS s SELECT s.prompt
-- title: beside text that is not ASCII
SELECT 'é😀' AS "ü", * FROM pool('tiny@1') AS "größe" WHERE prompt <> 'ß' AND EXISTS (FROM pool('few'))
-- becomes
SELECT 'é😀' AS "ü", * FROM pool_at(1, 1) AS "größe" WHERE prompt <> 'ß' AND EXISTS (FROM subset_at(1) AS pool)
-- title: a name of ours that the user has taken
SELECT __fn0.x FROM (SELECT 1 AS x) AS __fn0, trajectories('tiny', proxy => 'tiny')
-- becomes
-- __fn_0 = trajectories('tiny@2', proxy => 'tiny')
SELECT __fn0.x FROM (SELECT 1 AS x) AS __fn0, __fn_0 AS trajectories
-- title: the same call twice is one step
SELECT * FROM kmeans((SELECT * FROM embeddings('tiny')), k => 2) AS a JOIN kmeans((SELECT * FROM embeddings('tiny@2')), k => 2) AS b USING (instruction_id)
-- becomes
-- __fn0 = embeddings('tiny@2')
-- __fn1 = kmeans((SELECT * FROM (SELECT * FROM __fn0 AS embeddings)), k => 2)
SELECT * FROM __fn1 AS a JOIN __fn1 AS b USING (instruction_id)
-- title: a source by name alone gives a kernel every column
SELECT cluster FROM kmeans(trajectories('few', proxy => 'tiny'), k => 2)
-- becomes
-- __fn0 = trajectories('few@1', proxy => 'tiny')
-- __fn1 = kmeans((SELECT * FROM __fn0 AS trajectories), k => 2)
SELECT cluster FROM __fn1 AS kmeans
-- title: labels with their vectors are a source of their own
SELECT count(*) FROM label_embeddings('tiny')
-- becomes
-- __fn0 = label_embeddings('tiny@2')
SELECT count(*) FROM __fn0 AS label_embeddings
-- title: a kernel over two relations
SELECT rank FROM mig(
    (SELECT fingerprint, labels, value AS score FROM pool('tiny@1') JOIN score('tiny@1', name => 'ifd') USING (fingerprint) WHERE value >= 0),
    (SELECT label, vector FROM label_embeddings('tiny@1', encoder => 'all-MiniLM-L6-v2')),
    budget => 3
)
-- becomes
-- __fn0 = label_embeddings('tiny@1', encoder => 'all-MiniLM-L6-v2')
-- __fn1 = mig((SELECT * FROM (SELECT fingerprint, labels, value AS score FROM pool_at(1, 1) AS pool JOIN score_at('pool', 1, 1, 3) AS score USING (fingerprint) WHERE value >= 0)), (SELECT * FROM (SELECT label, vector FROM __fn0 AS label_embeddings)), budget => 3)
SELECT rank FROM __fn1 AS mig
