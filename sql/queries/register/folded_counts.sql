-- How many folded records differ, in which keys (the commonest first), and how many of them no version of the pool has recorded.
SELECT
    (SELECT count(DISTINCT row_number) FROM differences) AS n_differing,
    (
        SELECT list(key ORDER BY n_records DESC, key)
        FROM (SELECT key, count(*) AS n_records FROM differences GROUP BY key)
    ) AS keys,
    (
        SELECT count(*)
        FROM folded
        SEMI JOIN differences USING (row_number)
        WHERE NOT EXISTS (
            SELECT 1
            FROM folded_records
            WHERE folded_records.pool_id = $pool_id
                AND folded_records.instruction_id = folded.instruction_id
                AND folded_records.source = folded.source
                AND folded_records.labels IS NOT DISTINCT FROM folded.labels
                AND folded_records.metadata IS NOT DISTINCT FROM folded.metadata
        )
    ) AS n_unrecorded
