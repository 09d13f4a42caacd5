-- title: text without regard to case
-- dialect: postgres
SELECT n FROM t WHERE s ILIKE '%ab%' ORDER BY n
-- duckdb
SELECT n FROM t WHERE s ILIKE '%ab%' ORDER BY n
-- title: casts with two colons
-- dialect: postgres
SELECT n::text || '-' || s AS x, '3'::int + n AS y FROM t ORDER BY n
-- duckdb
SELECT CAST(n AS VARCHAR) || '-' || s AS x, 3 + n AS y FROM t ORDER BY n
-- title: a cast to a text of n characters cuts it
-- dialect: postgres
SELECT s::varchar(1) AS a, CAST(n AS char(1)) AS b, CAST(s || 'xyz' AS varchar(4)) || '!' AS c, s::varchar AS d FROM t ORDER BY n
-- duckdb
SELECT s[:1] AS a, left(n::text, 1) AS b, (s || 'xyz')[:4] || '!' AS c, s AS d FROM t ORDER BY n
-- title: strings of bits
-- dialect: postgres
SELECT B'0101' AS b, X'1f' AS x FROM t ORDER BY n
-- duckdb
SELECT '0101'::BIT AS b, '00011111'::BIT AS x FROM t ORDER BY n
-- title: whole numbers divide to whole numbers
-- dialect: postgres
SELECT n / 2 AS h, (n - 8) / 2 AS g, v / 2 AS w, 7 / 2 AS c FROM t ORDER BY n
-- duckdb
SELECT trunc(n / 2)::INT AS h, trunc((n - 8) / 2)::INT AS g, v / 2 AS w, 3 AS c FROM t ORDER BY n
-- title: NULL is the largest
-- dialect: postgres
SELECT k, n FROM t ORDER BY k DESC, n
-- duckdb
SELECT k, n FROM t ORDER BY k DESC NULLS FIRST, n
-- title: months
-- dialect: postgres
SELECT date_trunc('month', d)::date AS m, count(*) AS c FROM t GROUP BY 1 ORDER BY 1
-- duckdb
SELECT date_trunc('month', d)::date AS m, count(*) AS c FROM t GROUP BY ALL ORDER BY m
-- title: parts of dates and intervals
-- dialect: postgres
SELECT extract(year FROM d) AS y, extract(dow FROM d) AS w, (d + interval '1 month')::date AS l FROM t ORDER BY n
-- duckdb
SELECT year(d) AS y, dayofweek(d) AS w, CAST(d + INTERVAL 1 MONTH AS DATE) AS l FROM t ORDER BY n
-- title: dates as text
-- dialect: postgres
SELECT to_char(ts, 'YYYY-MM-DD HH24:MI') AS x FROM t ORDER BY n
-- duckdb
SELECT strftime(ts, '%Y-%m-%d %H:%M') AS x FROM t ORDER BY n
-- title: joined texts in order
-- dialect: postgres
SELECT k, string_agg(s, ',' ORDER BY n DESC) AS x FROM t GROUP BY k ORDER BY k NULLS FIRST
-- duckdb
SELECT k, string_agg(s, ',' ORDER BY n DESC) AS x FROM t GROUP BY k ORDER BY k NULLS FIRST
-- title: DISTINCT ON
-- dialect: postgres
SELECT DISTINCT ON (k) k, n FROM t ORDER BY k, n DESC
-- duckdb
SELECT k, max(n) AS n FROM t GROUP BY k ORDER BY k NULLS LAST
-- title: a recursive CTE
-- dialect: postgres
WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 5) SELECT i FROM c ORDER BY i
-- duckdb
SELECT unnest([1, 2, 3, 4, 5]) AS i
-- title: windows by name
-- dialect: postgres
SELECT n, row_number() OVER (PARTITION BY k ORDER BY n) AS r, lag(n, 1, 0) OVER w AS l FROM t WINDOW w AS (ORDER BY n) ORDER BY n
-- duckdb
SELECT n, row_number() OVER (PARTITION BY k ORDER BY n) AS r, lag(n, 1, 0) OVER (ORDER BY n) AS l FROM t ORDER BY n
-- title: parts of texts
-- dialect: postgres
SELECT substring(s FROM 2 FOR 2) AS a, position('b' IN s) AS b, left(s, 1) AS c, lpad(s, 4, '*') AS d, split_part(s, ' ', 2) AS e FROM t ORDER BY n
-- duckdb
SELECT substr(s, 2, 2) AS a, instr(s, 'b') AS b, left(s, 1) AS c, lpad(s, 4, '*') AS d, split_part(s, ' ', 2) AS e FROM t ORDER BY n
-- title: regular expressions
-- dialect: postgres
SELECT n, regexp_replace(s, '[aB]', '_', 'g') AS x FROM t WHERE s ~* '^[ab]' AND s !~ 'd' ORDER BY n
-- duckdb
SELECT n, regexp_replace(s, '[aB]', '_', 'g') AS x FROM t WHERE regexp_matches(lower(s), '^[ab]') AND NOT contains(s, 'd') ORDER BY n
-- title: a join with USING and a filtered aggregate
-- dialect: postgres
SELECT name, count(*) FILTER (WHERE n > 1) AS c FROM t RIGHT JOIN u USING (k) GROUP BY name ORDER BY name
-- duckdb
SELECT name, count(*) FILTER (WHERE n > 1) AS c FROM t RIGHT JOIN u USING (k) GROUP BY name ORDER BY name
-- title: LATERAL
-- dialect: postgres
SELECT u.k, x.m FROM u LEFT JOIN LATERAL (SELECT max(n) AS m FROM t WHERE t.k = u.k) x ON true ORDER BY u.k
-- duckdb
SELECT u.k, max(n) AS m FROM u LEFT JOIN t USING (k) GROUP BY u.k ORDER BY u.k
-- title: series
-- dialect: postgres
SELECT g AS i FROM generate_series(1, 7, 3) AS g ORDER BY g
-- duckdb
SELECT unnest([1, 4, 7]) AS i
-- title: names in backticks
-- dialect: spark
SELECT `n`, nvl(`k`, -1) AS k FROM t ORDER BY n
-- duckdb
SELECT n, coalesce(k, -1) AS k FROM t ORDER BY n
-- title: days between and after
-- dialect: spark
SELECT datediff(d, DATE '2024-01-01') AS a, date_add(d, 1) AS b, last_day(d) AS c FROM t ORDER BY n
-- duckdb
SELECT date_diff('day', DATE '2024-01-01', d) AS a, CAST(d + INTERVAL 1 DAY AS DATE) AS b, last_day(d) AS c FROM t ORDER BY n
-- title: formats of dates
-- dialect: spark
SELECT date_format(ts, 'yyyy-MM-dd HH:mm:ss') AS x, year(d) AS y FROM t ORDER BY n
-- duckdb
SELECT strftime(ts, '%Y-%m-%d %H:%M:%S') AS x, year(d) AS y FROM t ORDER BY n
-- title: one row for each item
-- dialect: spark
SELECT n, w FROM t LATERAL VIEW explode(split(s, ' ')) x AS w ORDER BY n, w
-- duckdb
SELECT n, unnest(string_split(s, ' ')) AS w FROM t ORDER BY n, w
-- title: NULL is the smallest
-- dialect: spark
SELECT k, n FROM t ORDER BY k, n
-- duckdb
SELECT k, n FROM t ORDER BY k NULLS FIRST, n
-- title: division of whole numbers gives a fraction
-- dialect: spark
SELECT n / 2 AS h, n DIV 2 AS g, n % 2 AS r FROM t ORDER BY n
-- duckdb
SELECT n / 2 AS h, n // 2 AS g, n % 2 AS r FROM t ORDER BY n
-- title: conditions as functions
-- dialect: spark
SELECT if(n > 2, 'many', 'few') AS a, nullif(s, '') AS b, concat_ws('/', s, name) AS c FROM t JOIN u ON t.k = u.k ORDER BY n
-- duckdb
SELECT CASE WHEN n > 2 THEN 'many' ELSE 'few' END AS a, nullif(s, '') AS b, concat_ws('/', s, name) AS c FROM t JOIN u USING (k) ORDER BY n
-- title: a hint
-- dialect: spark
SELECT /*+ BROADCAST(u) */ n FROM t JOIN u ON t.k = u.k ORDER BY n
-- duckdb
SELECT n FROM t JOIN u USING (k) ORDER BY n
-- title: LEFT SEMI JOIN
-- dialect: spark
SELECT n FROM t LEFT SEMI JOIN u ON t.k = u.k ORDER BY n
-- duckdb
SELECT n FROM t WHERE k IN (SELECT k FROM u) ORDER BY n
-- title: casts that may fail
-- dialect: bigquery
SELECT SAFE_CAST(s AS INT64) AS a, CAST(n AS STRING) AS b, IFNULL(k, 0) AS c FROM t ORDER BY n
-- duckdb
SELECT TRY_CAST(s AS BIGINT) AS a, CAST(n AS VARCHAR) AS b, coalesce(k, 0) AS c FROM t ORDER BY n
-- title: a star without a column, and QUALIFY
-- dialect: bigquery
SELECT * EXCEPT (s, d, ts, v) FROM t WHERE true QUALIFY ROW_NUMBER() OVER (PARTITION BY k ORDER BY n DESC) = 1 ORDER BY n
-- duckdb
SELECT max(n) AS n, k FROM t GROUP BY k ORDER BY n
-- title: differences of dates
-- dialect: bigquery
SELECT DATE_DIFF(d, DATE '2024-01-01', DAY) AS a, DATE_ADD(d, INTERVAL 2 DAY) AS b, DATE_TRUNC(d, MONTH) AS c, FORMAT_DATE('%Y/%m', d) AS e FROM t ORDER BY n
-- duckdb
SELECT date_diff('day', DATE '2024-01-01', d) AS a, CAST(d + INTERVAL 2 DAY AS DATE) AS b, CAST(date_trunc('month', d) AS DATE) AS c, strftime(d, '%Y/%m') AS e FROM t ORDER BY n
-- title: counts of a condition, and arrays
-- dialect: bigquery
SELECT COUNTIF(n > 2) AS a, ARRAY_LENGTH(ARRAY_AGG(n)) AS b, STRING_AGG(s, '|' ORDER BY n) AS c FROM t
-- duckdb
SELECT count(*) FILTER (WHERE n > 2) AS a, len(list(n)) AS b, string_agg(s, '|' ORDER BY n) AS c FROM t
-- title: searches in texts
-- dialect: bigquery
SELECT n, STRPOS(s, 'b') AS a, REGEXP_CONTAINS(s, '^[A-Z]') AS b, SPLIT(s, ' ')[OFFSET(0)] AS c FROM t ORDER BY n
-- duckdb
SELECT n, instr(s, 'b') AS a, regexp_matches(s, '^[A-Z]') AS b, string_split(s, ' ')[1] AS c FROM t ORDER BY n
-- title: UNNEST
-- dialect: bigquery
SELECT x FROM UNNEST([3, 1, 2]) AS x ORDER BY x
-- duckdb
SELECT unnest([1, 2, 3]) AS x
-- title: functions of dates
-- dialect: snowflake
SELECT DATEADD(day, 3, d) AS a, DATEDIFF(day, d, DATE '2024-03-01') AS b, DATE_TRUNC('month', d) AS c FROM t ORDER BY n
-- duckdb
SELECT CAST(d + INTERVAL 3 DAY AS DATE) AS a, date_diff('day', d, DATE '2024-03-01') AS b, CAST(date_trunc('month', d) AS DATE) AS c FROM t ORDER BY n
-- title: conditions and NULL
-- dialect: snowflake
SELECT IFF(k IS NULL, 'none', 'some') AS a, NVL2(k, 1, 0) AS b, ZEROIFNULL(k) AS c, TRY_CAST(s AS INT) AS e FROM t ORDER BY n
-- duckdb
SELECT CASE WHEN k IS NULL THEN 'none' ELSE 'some' END AS a, (k IS NOT NULL)::INT AS b, coalesce(k, 0) AS c, TRY_CAST(s AS INT) AS e FROM t ORDER BY n
-- title: LISTAGG
-- dialect: snowflake
SELECT k, LISTAGG(s, ';') WITHIN GROUP (ORDER BY n) AS x FROM t WHERE k IS NOT NULL GROUP BY k ORDER BY k
-- duckdb
SELECT k, string_agg(s, ';' ORDER BY n) AS x FROM t WHERE k IS NOT NULL GROUP BY k ORDER BY k
-- title: QUALIFY with a window
-- dialect: snowflake
SELECT n, k FROM t QUALIFY RANK() OVER (PARTITION BY k ORDER BY n) = 1 ORDER BY n
-- duckdb
SELECT min(n) AS n, k FROM t GROUP BY k ORDER BY n
-- title: units of dates
-- dialect: trino
SELECT date_add('day', 2, d) AS a, date_diff('day', d, DATE '2024-03-01') AS b, date_format(ts, '%Y-%m') AS c FROM t ORDER BY n
-- duckdb
SELECT CAST(d + INTERVAL 2 DAY AS DATE) AS a, date_diff('day', d, DATE '2024-03-01') AS b, strftime(ts, '%Y-%m') AS c FROM t ORDER BY n
-- title: arrays with their places
-- dialect: trino
SELECT x, i FROM UNNEST(ARRAY['a', 'b']) WITH ORDINALITY AS z(x, i) ORDER BY i
-- duckdb
SELECT * FROM (VALUES ('a', 1), ('b', 2)) AS z(x, i) ORDER BY i
-- title: regular expressions and casts
-- dialect: trino
SELECT n, try_cast(s AS bigint) AS a, regexp_like(s, 'b$') AS b, cardinality(split(s, ' ')) AS c FROM t ORDER BY n
-- duckdb
SELECT n, TRY_CAST(s AS BIGINT) AS a, regexp_matches(s, 'b$') AS b, len(string_split(s, ' ')) AS c FROM t ORDER BY n
-- title: division as in PostgreSQL
-- dialect: trino
SELECT n / 2 AS h, v / 2 AS w FROM t ORDER BY n
-- duckdb
SELECT trunc(n / 2)::INT AS h, v / 2 AS w FROM t ORDER BY n
-- title: aggregates with a condition
-- dialect: clickhouse
SELECT countIf(n > 2) AS a, argMax(s, n) AS d, lower(argMin(s, n)) AS e FROM t
-- duckdb
SELECT count(*) FILTER (WHERE n > 2) AS a, arg_max(s, n) AS d, lower(arg_min(s, n)) AS e FROM t
-- title: branches
-- dialect: clickhouse
SELECT if(n > 2, 1, 0) AS b, s ILIKE '%B%' AS c, n / 2 AS h, ifNull(k, 0) AS e FROM t ORDER BY n
-- duckdb
SELECT (n > 2)::INT AS b, contains(lower(s), 'b') AS c, n / 2 AS h, coalesce(k, 0) AS e FROM t ORDER BY n
-- title: dates of ClickHouse
-- dialect: clickhouse
SELECT dateDiff('day', d, DATE '2024-03-01') AS x, formatDateTime(d, '%Y-%m') AS f FROM t ORDER BY n
-- duckdb
SELECT date_diff('day', d, DATE '2024-03-01') AS x, strftime(d, '%Y-%m') AS f FROM t ORDER BY n
-- title: a CTE and a join of ClickHouse
-- dialect: clickhouse
WITH x AS (SELECT k, count() AS c FROM t GROUP BY k) SELECT name, c FROM u JOIN x ON u.k = x.k ORDER BY name
-- duckdb
SELECT name, c FROM u JOIN (SELECT k, count(*) AS c FROM t GROUP BY k) USING (k) ORDER BY name
-- title: whole numbers of SQLite
-- dialect: sqlite
SELECT n / 2 AS h, ifnull(k, -1) AS k, iif(n > 2, 'a', 'b') AS i FROM t ORDER BY n
-- duckdb
SELECT trunc(n / 2)::INT AS h, coalesce(k, -1) AS k, CASE WHEN n > 2 THEN 'a' ELSE 'b' END AS i FROM t ORDER BY n
-- title: division by zero
-- dialect: sqlite
SELECT 7 / 0 AS a, n / (n - n) AS b, v / 0 AS c, 7 / 2 AS d FROM t ORDER BY n
-- duckdb
SELECT NULL AS a, NULL AS b, NULL AS c, 3 AS d FROM t ORDER BY n
-- title: LIKE without regard to case
-- dialect: sqlite
SELECT n FROM t WHERE s LIKE 'a%' ORDER BY n
-- duckdb
SELECT n FROM t WHERE s ILIKE 'a%' ORDER BY n
-- title: texts of SQLite
-- dialect: sqlite
SELECT substr(s, 1, 2) AS a, instr(s, 'b') AS b, group_concat(s, '+') OVER (ORDER BY n) AS c FROM t ORDER BY n
-- duckdb
SELECT substr(s, 1, 2) AS a, instr(s, 'b') AS b, string_agg(s, '+') OVER (ORDER BY n) AS c FROM t ORDER BY n
-- title: dates of SQLite
-- dialect: sqlite
SELECT strftime('%Y-%m', d) AS a, max(n, 3) AS b, coalesce(v, 0.0) || '' AS c FROM t ORDER BY n
-- duckdb
SELECT strftime(d, '%Y-%m') AS a, greatest(n, 3) AS b, CAST(coalesce(v, 0.0) AS VARCHAR) AS c FROM t ORDER BY n
