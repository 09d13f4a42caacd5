-- How many members of a pool or subset have labels, of how many.
WITH lists AS (
    SELECT labels
    FROM pool_at($id, $version)
    WHERE $kind = 'pool'
    UNION ALL
    SELECT labels
    FROM subset_at($id)
    WHERE $kind = 'subset'
)
SELECT count(*) FILTER (WHERE len(labels) > 0) AS n_labelled, count(*) AS n_members
FROM lists
