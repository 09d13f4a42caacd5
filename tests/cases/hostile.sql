-- title: read_csv
SELECT * FROM read_csv('/etc/passwd')
-- title: read_csv_auto
SELECT * FROM read_csv_auto('/etc/passwd')
-- title: read_parquet
SELECT * FROM read_parquet('secret.parquet')
-- title: parquet_scan
SELECT * FROM parquet_scan('secret.parquet')
-- title: parquet_metadata
SELECT * FROM parquet_metadata('secret.parquet')
-- title: parquet_schema
SELECT * FROM parquet_schema('secret.parquet')
-- title: parquet_file_metadata
SELECT * FROM parquet_file_metadata('secret.parquet')
-- title: parquet_kv_metadata
SELECT * FROM parquet_kv_metadata('secret.parquet')
-- title: parquet_bloom_probe
SELECT * FROM parquet_bloom_probe('secret.parquet', 'a', 1)
-- title: read_json
SELECT * FROM read_json('secret.json')
-- title: read_json_auto
SELECT * FROM read_json_auto('secret.json')
-- title: read_json_objects
SELECT * FROM read_json_objects('secret.json')
-- title: read_ndjson
SELECT * FROM read_ndjson('secret.json')
-- title: read_ndjson_objects
SELECT * FROM read_ndjson_objects('secret.json')
-- title: read_text
SELECT content FROM read_text('/etc/passwd')
-- title: read_blob
SELECT content FROM read_blob('/etc/passwd')
-- title: read_duckdb
SELECT * FROM read_duckdb('other.duckdb')
-- title: read_single_csv_file
SELECT * FROM read_single_csv_file('/etc/passwd')
-- title: glob
SELECT * FROM glob('/etc/*')
-- title: sniff_csv
SELECT * FROM sniff_csv('/etc/passwd')
-- title: a quoted path as a table
SELECT * FROM '/etc/passwd'
-- title: a parquet file as a table
SELECT * FROM 'secret.parquet'
-- title: a csv file as an identifier
SELECT * FROM "secret.csv"
-- title: a url as a table
SELECT * FROM 'https://example.com/data.parquet'
-- title: an object store as a table
SELECT * FROM 's3://bucket/data.parquet'
-- title: a glob pattern as a table
SELECT * FROM '*.parquet'
-- title: a file in a subquery of a CTE
WITH a AS (SELECT (SELECT count(*) FROM read_text('/etc/passwd')) AS n) SELECT * FROM a
-- title: a file in a join
SELECT * FROM pool('tiny') AS p JOIN read_csv('/etc/passwd') AS f ON true
-- title: a file in a set operation
SELECT 'a' UNION ALL SELECT content FROM read_text('/etc/passwd')
-- title: a file behind a schema name
SELECT * FROM main.read_text('/etc/passwd')
-- title: a file behind the system catalog
SELECT * FROM system.main.read_text('/etc/passwd')
-- title: a file in capitals
SELECT * FROM READ_TEXT('/etc/passwd')
-- title: a file behind a quoted function name
SELECT * FROM "read_text"('/etc/passwd')
-- title: a file in a lateral join
SELECT * FROM (VALUES ('/etc/passwd')) AS v(path), LATERAL read_text(v.path)
-- title: a file in an argument of a kernel
SELECT * FROM kmeans((SELECT * FROM read_parquet('v.parquet')), k => 2)
-- title: a file named directly as a kernel's argument
SELECT * FROM kmeans(read_parquet('v.parquet'), k => 2)
-- title: a file in an option of a kernel
SELECT * FROM kmeans((SELECT 1), k => (SELECT count(*) FROM read_text('/etc/passwd')))
-- title: a file in an argument of a source
SELECT * FROM pool((SELECT content FROM read_text('/etc/passwd')))
-- title: a file behind a comment
SELECT * FROM /* harmless */ read_text /* really */ ('/etc/passwd')
-- title: a file in a pivot
SELECT * FROM (PIVOT (SELECT * FROM read_csv('/etc/passwd')) ON column0 IN ('a') USING count(*))
-- title: a file to describe
DESCRIBE SELECT * FROM read_csv('/etc/passwd')
-- title: a file to summarize
SUMMARIZE SELECT * FROM '/etc/passwd'
-- title: COPY to a file
COPY (SELECT 1) TO 'out.csv'
-- title: COPY from a file
COPY pools FROM 'in.csv'
-- title: COPY a database
COPY FROM DATABASE catalog TO memory
-- title: read_text behind an operator of two characters
SELECT [1.0, 2.0]::FLOAT[2]<->[1.0, 2.0]::FLOAT[2] FROM read_text('/etc/passwd')
-- title: COPY inside WITH
WITH a AS (COPY (SELECT 1) TO 'out.csv') SELECT * FROM a
-- title: ATTACH
ATTACH 'other.duckdb' AS other
-- title: DETACH
DETACH catalog
-- title: EXPORT
EXPORT DATABASE 'dump'
-- title: IMPORT
IMPORT DATABASE 'dump'
-- title: INSTALL
INSTALL httpfs
-- title: LOAD
LOAD httpfs
-- title: UPDATE EXTENSIONS
UPDATE EXTENSIONS
-- title: SET
SET memory_limit = '100GB'
-- title: SET VARIABLE
SET VARIABLE budget = 5
-- title: RESET
RESET memory_limit
-- title: PRAGMA
PRAGMA enable_external_access
-- title: PRAGMA that assigns
PRAGMA memory_limit = '100GB'
-- title: CALL
CALL pragma_version()
-- title: USE
USE memory
-- title: CREATE TABLE
CREATE TABLE mine AS SELECT 1
-- title: CREATE TEMP TABLE
CREATE TEMP TABLE mine AS SELECT 1
-- title: CREATE VIEW
CREATE OR REPLACE VIEW pools AS SELECT 1
-- title: CREATE MACRO
CREATE OR REPLACE TEMP MACRO pool_at(a, b) AS TABLE SELECT 1
-- title: CREATE SECRET
CREATE SECRET mine (TYPE s3, KEY_ID 'a', SECRET 'b')
-- title: DROP
DROP TABLE pools
-- title: ALTER
ALTER TABLE pools RENAME TO gone
-- title: TRUNCATE
TRUNCATE pools
-- title: INSERT
INSERT INTO pools VALUES (9, 'x', false, now()::TIMESTAMP)
-- title: UPDATE
UPDATE pools SET name = 'x'
-- title: DELETE
DELETE FROM pools
-- title: MERGE
MERGE INTO pools USING (SELECT 1 AS pool_id) AS s ON pools.pool_id = s.pool_id WHEN MATCHED THEN DELETE
-- title: INSERT inside WITH
WITH a AS (INSERT INTO tags VALUES ('a', 'b', 1, now()::TIMESTAMP) RETURNING *) SELECT * FROM a
-- title: UPDATE inside WITH
WITH a AS (UPDATE pools SET name = 'x' RETURNING *) SELECT * FROM a
-- title: DELETE inside WITH
WITH a AS (DELETE FROM pools RETURNING *) SELECT * FROM a
-- title: DELETE inside a nested WITH
SELECT * FROM (WITH a AS (DELETE FROM pools RETURNING *) SELECT * FROM a) AS b
-- title: DELETE inside a kernel's argument
SELECT * FROM kmeans((WITH a AS (DELETE FROM pools RETURNING *) SELECT * FROM a), k => 2)
-- title: two statements
SELECT 1; SELECT 2
-- title: a write after a select
SELECT 1; DROP TABLE pools
-- title: a write after a comment
SELECT 1 /* ; */; -- done
DELETE FROM pools
-- title: BEGIN
BEGIN TRANSACTION
-- title: COMMIT
COMMIT
-- title: CHECKPOINT
CHECKPOINT
-- title: FORCE CHECKPOINT
FORCE CHECKPOINT catalog
-- title: a checkpoint as a table function
SELECT * FROM force_checkpoint()
-- title: VACUUM
VACUUM
-- title: ANALYZE
ANALYZE
-- title: PREPARE
PREPARE p AS DELETE FROM pools
-- title: EXECUTE
EXECUTE p
-- title: DEALLOCATE
DEALLOCATE p
-- title: EXPLAIN ANALYZE of a write
EXPLAIN ANALYZE DELETE FROM pools
-- title: query()
SELECT * FROM query('SELECT 1')
-- title: query() of a write
SELECT * FROM query('DELETE FROM pools RETURNING *')
-- title: query_table()
SELECT * FROM query_table('/etc/passwd')
-- title: a serialised statement
SELECT * FROM json_execute_serialized_sql('{}')
-- title: a pointer
SELECT * FROM arrow_scan(1::UBIGINT::POINTER, 2::UBIGINT::POINTER, 3::UBIGINT::POINTER)
-- title: nextval
SELECT nextval('instruction_ids')
-- title: setval
SELECT setval('instruction_ids', 1)
-- title: getenv
SELECT getenv('HOME')
-- title: getenv as a method
SELECT 'HOME'.getenv()
-- title: a setting
SELECT current_setting('temp_directory')
-- title: every setting
SELECT * FROM duckdb_settings()
-- title: every setting as a view
SELECT * FROM pg_catalog.pg_settings
-- title: the secrets
SELECT * FROM duckdb_secrets()
-- title: which secret
SELECT * FROM which_secret('s3://bucket', 's3')
-- title: the paths of databases
SELECT * FROM duckdb_databases()
-- title: temporary files
SELECT * FROM duckdb_temporary_files()
-- title: logging to storage
SELECT * FROM enable_logging('QueryLog', storage => 'file', storage_path => 'log')
-- title: the log
SELECT write_log('x')
-- title: an aggregate's state made by hand
SELECT finalize('\xAA'::BLOB)
-- title: a query that fills memory with a list
SELECT list(range) FROM range(1000000000)
-- title: a query that fills memory with a text
SELECT repeat(repeat('x', 1000000), 1000000)
-- title: a query that fills memory with groups
SELECT range, list(range) FROM range(1000000000) GROUP BY range
-- title: a query that fills the disk
SELECT DISTINCT repeat(CAST(range AS VARCHAR), 50) FROM range(1000000000)
-- title: a cross join that never ends
SELECT count(*) FROM range(100000000) AS a, range(100000000) AS b WHERE (a.range * b.range) % 7 = 3
-- title: a recursion that never ends
WITH RECURSIVE r AS (SELECT 1 AS x UNION ALL SELECT x % 10 FROM r) SELECT count(*) FROM r
-- title: a sleep
SELECT sleep_ms(100000)
-- title: a lambda that never ends
SELECT sum(len(list_transform(range(10000000), lambda x: sqrt(x) + range))) FROM range(10000000)
-- title: a pattern that never ends
SELECT count(*) FROM range(10000000000) WHERE regexp_matches(repeat('a', 2000) || range, '(a*)*(a*)*b')
-- title: an unbound parameter
SELECT $nobody
-- title: a Python variable
SELECT * FROM home
-- title: an empty text
-- nothing
-- title: one text beyond the memory
SELECT length(repeat('x', 4000000000))
-- title: one text beyond the memory for every row
SELECT length(repeat('x', 4000000000)) FROM pool('tiny')
-- title: a list joined beyond the memory
SELECT length(array_to_string(list_transform(range(3000000), lambda x: repeat('y', 1000)), ''))
-- title: one list beyond the memory
SELECT len(range(1000000000))
-- title: a list resized beyond the memory
SELECT len(list_resize([1], 1000000000))
-- title: a list sorted beyond the memory
SELECT len(list_sort(range(500000000)))
-- title: texts gathered beyond the memory
SELECT length(string_agg(repeat('x', 100000), ',')) FROM range(100000)
-- title: JSON beyond the memory
SELECT length(to_json(range(300000000)))
-- title: a hash of a text beyond the memory
SELECT md5(repeat('x', 3000000000))
-- title: a sha256 of a text beyond the memory
SELECT sha256(repeat('x', 2000000000))
-- title: a text translated beyond the memory
SELECT length(translate(repeat('a', 3000000000), 'a', 'b'))
-- title: a text replaced beyond the memory
SELECT length(regexp_replace(repeat('a', 2500000000), 'a', 'bb', 'g'))
-- title: a text reversed beyond the memory
SELECT length(reverse(repeat('ab', 2000000000)))
-- title: two texts concatenated beyond the memory
SELECT length(concat(repeat('x', 2000000000), repeat('y', 2000000000)))
-- title: a text split beyond the memory
SELECT len(string_split(repeat('a,', 1000000000), ','))
-- title: a text as bytes beyond the memory
SELECT octet_length(encode(repeat('x', 3000000000)))
-- title: a map beyond the memory
SELECT cardinality(map_from_entries(list_transform(range(100000000), lambda x: (x, x))))
-- title: a histogram beyond the memory
SELECT histogram(range) FROM range(1000000000)
-- title: a distance whose table is beyond the memory
SELECT levenshtein(repeat('a', 200000), repeat('b', 200000))
-- title: rows from a list beyond the memory
SELECT count(*) FROM (SELECT unnest(range(1000000000)) AS x) WHERE x % 2 = 0
-- title: rows from a series that never ends
SELECT sum(x) FROM (SELECT unnest(generate_series(1, 100000000000)) AS x)
-- title: a reference beyond the memory
SELECT prompt FROM pool(repeat('x', 4000000000))
-- title: a kernel's option beyond the memory
SELECT * FROM kmeans((SELECT fingerprint, losses FROM trajectories('tiny', proxy => 'tiny')), k => length(repeat('x', 4000000000)))
-- title: a kernel's argument beyond the memory
SELECT * FROM near_duplicates((SELECT fingerprint, repeat(prompt, 100000000) AS prompt FROM pool('tiny')))
-- title: a condition beyond the memory
SELECT prompt FROM pool('tiny') WHERE length(repeat(prompt, 500000000)) > 0
-- title: a window of texts beyond the memory
SELECT length(string_agg(repeat('x', 1000000), '') OVER (ORDER BY range)) FROM range(10000)
-- title: an answer beyond the memory
SELECT repeat('abc', 100000) AS text FROM range(100000)
