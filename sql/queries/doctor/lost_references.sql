-- Subsets whose definition read a pool or subset that is not there any more; one of the same name with another number is another.
WITH recorded AS (
    SELECT name || '@' || version AS subset, unnest(json_extract(definition, '$.references[*]')) AS reference
    FROM subsets
),
known AS (
    SELECT 'pool' AS kind, pools.pool_id AS id, pools.name || '@' || pool_versions.version AS reference
    FROM pools
    JOIN pool_versions USING (pool_id)
    UNION ALL
    SELECT 'subset' AS kind, subset_id AS id, name || '@' || version AS reference
    FROM subsets
)
SELECT recorded.subset || ' was made from ' || (recorded.reference ->> 'reference') || ', which is gone' AS problem
FROM recorded
ANTI JOIN known
    ON known.kind = recorded.reference ->> 'kind'
    AND known.id = CAST(recorded.reference ->> 'id' AS BIGINT)
    AND known.reference = recorded.reference ->> 'reference'
ORDER BY problem
