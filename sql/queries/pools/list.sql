-- Every pool at its newest version; rows, quarantine and shapes are those of all loads that make it up.
WITH loads AS (
    SELECT
        newest.pool_id,
        loaded.n_quarantined,
        loaded.n_folded,
        list_transform(loaded.files::JSON[], lambda file: file->>'shape') AS shapes
    FROM (
        SELECT pool_id, max(version) AS version
        FROM pool_versions
        GROUP BY pool_id
    ) AS newest,
        LATERAL (SELECT load FROM loads_of(newest.pool_id, newest.version)) AS made
    JOIN pool_versions AS loaded ON loaded.pool_id = newest.pool_id AND loaded.version = made.load
),
described AS (
    SELECT
        pool_id,
        sum(n_quarantined)::BIGINT AS n_quarantined,
        sum(n_folded)::BIGINT AS n_folded,
        list_sort(list_distinct(flatten(list(shapes)))) AS shapes
    FROM loads
    GROUP BY pool_id
)
SELECT
    pools.name,
    newest.version,
    newest.n_members,
    newest.n_rows,
    described.n_quarantined,
    described.n_folded,
    described.shapes,
    (
        SELECT list(tag || '@' || version ORDER BY version, tag)
        FROM tags
        WHERE tags.name = pools.name
    ) AS tags,
    pools.is_prompts_only,
    newest.created_at AS registered_at
FROM pools
JOIN pool_versions AS newest USING (pool_id)
LEFT JOIN described USING (pool_id)
WHERE newest.version = (SELECT max(version) FROM pool_versions WHERE pool_versions.pool_id = pools.pool_id)
ORDER BY pools.name
