-- Versions that keep another number of folded records than they say; those made before records were kept have none.
SELECT
    coalesce(pools.name || '@' || kept.version, 'a pool that is not there') || ' says ' || coalesce(pool_versions.n_folded, 0)
        || ' folded records and has ' || kept.n_records || ', ' || kept.n_strange || ' of no member' AS problem
FROM (
    SELECT
        folded_records.pool_id,
        folded_records.version,
        count(*) AS n_records,
        count(*) FILTER (members.instruction_id IS NULL) AS n_strange
    FROM folded_records
    LEFT JOIN (SELECT DISTINCT pool_id, instruction_id FROM pool_members) AS members USING (pool_id, instruction_id)
    GROUP BY folded_records.pool_id, folded_records.version
) AS kept
LEFT JOIN pools USING (pool_id)
LEFT JOIN pool_versions USING (pool_id, version)
WHERE kept.n_records IS DISTINCT FROM pool_versions.n_folded OR kept.n_strange > 0
