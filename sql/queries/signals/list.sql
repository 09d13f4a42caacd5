-- Every signal, how many members of a pool or subset have a value, and why the others have none; of all instructions when $kind is NULL.
-- Of several of one name, `is_read` marks the one that a query means by the name: the newest of those that miss fewest.
WITH members AS MATERIALIZED (
    SELECT instruction_id
    FROM members_of($kind, $id, $version)
    UNION ALL
    SELECT instruction_id
    FROM instructions
    WHERE $kind IS NULL
),
with_value AS (
    SELECT signal_id, count(*) AS n
    FROM signal_members
    SEMI JOIN members USING (instruction_id)
    GROUP BY signal_id
),
without_value AS (
    SELECT signal_id, list(reason || ' ' || n ORDER BY n DESC, reason) AS reasons, sum(n) AS n
    FROM (
        SELECT signal_id, reason, count(*) AS n
        FROM signal_gaps
        SEMI JOIN members USING (instruction_id)
        GROUP BY signal_id, reason
    )
    GROUP BY signal_id
)
SELECT
    signals.signal_id,
    signals.kind,
    signals.name,
    row_number() OVER (
        PARTITION BY signals.kind, signals.name, signals.identity ->> 'field'
        ORDER BY signals.stale IS NOT NULL, with_value.n IS NULL, coalesce(with_value.n, 0) + coalesce(without_value.n, 0) DESC, signals.created_at DESC
    ) = 1 AND signals.stale IS NULL AS is_read,
    coalesce(with_value.n, 0) AS n_with_value,
    (SELECT count(*) FROM members) AS n_members,
    without_value.reasons AS without_value,
    signals.dimension,
    (SELECT sum(seconds) FROM shards WHERE shards.signal_id = signals.signal_id) AS seconds,
    (SELECT max(committed_at) FROM shards WHERE shards.signal_id = signals.signal_id) AS computed_at,
    signals.lance_table,
    left(signals.identity_sha256, 12) AS identity,
    signals.stale,
    signals.identity AS settings
FROM signals
LEFT JOIN with_value USING (signal_id)
LEFT JOIN without_value USING (signal_id)
ORDER BY signals.kind, signals.name, signals.signal_id
