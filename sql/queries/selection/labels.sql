-- The distinct labels of a pool or subset, in order.
WITH lists AS (
    SELECT labels
    FROM pool_at($id, $version)
    WHERE $kind = 'pool'
    UNION ALL
    SELECT labels
    FROM subset_at($id)
    WHERE $kind = 'subset'
),
every AS (
    SELECT DISTINCT unnest(labels) AS label
    FROM lists
)
SELECT label
FROM every
WHERE label IS NOT NULL
ORDER BY label
