SELECT
    subsets.name,
    subsets.version,
    subsets.selector,
    pools.name || '@' || subsets.pool_version AS pool,
    subsets.n_members,
    subsets.seed,
    (
        SELECT list(tag ORDER BY tag)
        FROM tags
        WHERE tags.name = subsets.name AND tags.version = subsets.version
    ) AS tags,
    subsets.seconds,
    left(subsets.members_sha256, 12) AS members,
    subsets.created_at AS selected_at
FROM subsets
LEFT JOIN pools USING (pool_id)
ORDER BY subsets.name, subsets.version
