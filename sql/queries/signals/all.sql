-- Every signal, for how many instructions it has a value in all, and why others have none.
SELECT
    signals.signal_id,
    signals.kind,
    signals.name,
    (SELECT count(*) FROM signal_members WHERE signal_members.signal_id = signals.signal_id) AS n_with_value,
    (
        SELECT list(reason || ' ' || n ORDER BY n DESC, reason)
        FROM (
            SELECT reason, count(*) AS n
            FROM signal_gaps
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
