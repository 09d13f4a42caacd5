-- Every signal, how many members of a pool or subset have a value, and why the others have none; of all instructions when $kind is NULL.
WITH members AS MATERIALIZED (
    SELECT instruction_id
    FROM members_of($kind, $id, $version)
    UNION ALL
    SELECT instruction_id
    FROM instructions
    WHERE $kind IS NULL
)
SELECT
    signals.signal_id,
    signals.kind,
    signals.name,
    (SELECT count(*) FROM members JOIN signal_members USING (instruction_id) WHERE signal_members.signal_id = signals.signal_id) AS n_with_value,
    (SELECT count(*) FROM members) AS n_members,
    (
        SELECT list(reason || ' ' || n ORDER BY n DESC, reason)
        FROM (
            SELECT reason, count(*) AS n
            FROM members
            JOIN signal_gaps USING (instruction_id)
            WHERE signal_gaps.signal_id = signals.signal_id
            GROUP BY reason
        )
    ) AS without_value,
    signals.dimension,
    (SELECT sum(seconds) FROM shards WHERE shards.signal_id = signals.signal_id) AS seconds,
    (SELECT max(committed_at) FROM shards WHERE shards.signal_id = signals.signal_id) AS computed_at,
    signals.lance_table,
    left(signals.identity_sha256, 12) AS identity,
    signals.identity AS settings
FROM signals
ORDER BY signals.kind, signals.name, signals.signal_id
