-- The subsets that were made from versions of a subset and would not go with them.
WITH dropped AS (
    SELECT subset_id, name || '@' || version AS reference
    FROM subsets
    WHERE name = $name AND ($version IS NULL OR version = $version)
),
kept AS (
    SELECT subset_id, name, version, definition
    FROM subsets
    ANTI JOIN dropped USING (subset_id)
),
read AS (
    SELECT name, version, unnest(json_extract(definition, '$.references[*]')) AS reference
    FROM kept
)
SELECT read.name || '@' || read.version AS subset
FROM read
JOIN dropped ON dropped.subset_id = CAST(read.reference ->> 'id' AS BIGINT)
WHERE read.reference ->> 'kind' = 'subset'
UNION
SELECT kept.name || '@' || kept.version AS subset
FROM kept
JOIN dropped ON dropped.reference = kept.definition ->> 'pool'
ORDER BY subset
