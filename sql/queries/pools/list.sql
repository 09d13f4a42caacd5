SELECT
    pools.name,
    newest.version,
    newest.n_members,
    newest.n_quarantined,
    newest.n_folded,
    (
        SELECT list(DISTINCT file->>'shape' ORDER BY file->>'shape')
        FROM (SELECT unnest(newest.files::JSON[]) AS file)
    ) AS shapes,
    (
        SELECT list(tag || '@' || version ORDER BY version, tag)
        FROM tags
        WHERE tags.name = pools.name
    ) AS tags,
    pools.is_prompts_only,
    newest.created_at AS registered_at
FROM pools
JOIN pool_versions AS newest USING (pool_id)
WHERE newest.version = (SELECT max(version) FROM pool_versions WHERE pool_versions.pool_id = pools.pool_id)
ORDER BY pools.name
