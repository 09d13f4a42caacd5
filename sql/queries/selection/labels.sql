-- The distinct labels of a pool or subset, in order.
SELECT DISTINCT label
FROM (
    SELECT unnest(labels) AS label
    FROM version_at($kind, $id, $version)
)
WHERE label IS NOT NULL
ORDER BY label
