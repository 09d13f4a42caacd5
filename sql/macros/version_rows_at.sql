-- The rows of a version of a pool, or of a subset, as a trainer reads them: a pool's columns, and `position` and `place`, which order them.
-- A member that stands several times is several rows.
CREATE OR REPLACE TEMP MACRO version_rows_at(the_kind, the_id, the_version) AS TABLE
SELECT *, 0::DOUBLE AS position, row_number AS place
FROM pool_at(the_id, the_version)
WHERE the_kind = 'pool'
UNION ALL
SELECT
    * EXCLUDE (rank, why, copies, pool, copy, number_of_members),
    row_position(rank, number_of_members, copy, copies) AS position,
    rank AS place
FROM (
    SELECT
        *,
        unnest(range(copies)) AS copy,
        (SELECT count(*) FROM subset_members WHERE subset_id = the_id) AS number_of_members
    FROM subset_at(the_id)
)
WHERE the_kind = 'subset'
