-- A version of a pool, or a subset: a pool's columns, and the place of every member in its order.
CREATE OR REPLACE TEMP MACRO version_at(the_kind, the_id, the_version) AS TABLE
SELECT *, row_number AS place
FROM pool_at(the_id, the_version)
WHERE the_kind = 'pool'
UNION ALL
SELECT * EXCLUDE (rank, why, copies, pool), rank AS place
FROM subset_at(the_id)
WHERE the_kind = 'subset'
