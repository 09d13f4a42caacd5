-- The subsets that were made from versions of a subset and would not go with them.
WITH dropped AS (
    SELECT subset_id
    FROM subsets
    WHERE name = $name AND ($version IS NULL OR version = $version)
),
read AS (
    SELECT subset_id, name, version, unnest(json_extract(definition, '$.references[*]')) AS reference
    FROM subsets
    ANTI JOIN dropped USING (subset_id)
)
SELECT DISTINCT read.name || '@' || read.version AS subset
FROM read
JOIN dropped ON dropped.subset_id = CAST(read.reference ->> 'id' AS BIGINT)
WHERE read.reference ->> 'kind' = 'subset'
ORDER BY subset
