-- The subsets that were made from a pool, whatever they selected from: any reference in their definitions counts.
SELECT name || '@' || version AS subset
FROM subsets
WHERE pool_id = $pool_id
    OR EXISTS (
        SELECT 1
        FROM (SELECT unnest(json_extract(definition, '$.references[*]')) AS reference) AS read
        WHERE read.reference ->> 'kind' = 'pool' AND CAST(read.reference ->> 'id' AS BIGINT) = $pool_id
    )
ORDER BY name, version
