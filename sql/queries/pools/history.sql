SELECT
    pool_versions.version,
    pool_versions.created_at AS registered_at,
    pool_versions.mode,
    pool_versions.restored_from,
    pool_versions.n_members,
    pool_versions.n_added,
    pool_versions.n_removed,
    pool_versions.n_kept,
    pool_versions.n_updated,
    pool_versions.n_folded,
    pool_versions.n_quarantined,
    (
        SELECT list(tag ORDER BY tag)
        FROM tags
        WHERE tags.name = $name AND tags.version = pool_versions.version
    ) AS tags,
    list_transform(pool_versions.files::JSON[], lambda file: file->>'file') AS files
FROM pools
JOIN pool_versions USING (pool_id)
WHERE pools.name = $name
ORDER BY pool_versions.version
