-- What signals of a kind have cost so far: seconds, tokens and instructions of each, the newest first.
WITH of_shards AS (
    SELECT signal_id, sum(seconds) AS seconds, sum(n_tokens) AS n_tokens
    FROM shards
    GROUP BY signal_id
),
of_checkpoints AS (
    SELECT signal_id, sum(seconds) AS seconds
    FROM checkpoints
    GROUP BY signal_id
),
done AS (
    SELECT signal_id, count(DISTINCT instruction_id) AS n_instructions
    FROM signal_members
    GROUP BY signal_id
)
SELECT
    signals.name,
    signals.dimension,
    done.n_instructions,
    coalesce(of_checkpoints.seconds, of_shards.seconds) AS seconds,
    of_shards.n_tokens
FROM signals
JOIN done USING (signal_id)
JOIN of_shards USING (signal_id)
LEFT JOIN of_checkpoints USING (signal_id)
WHERE signals.kind = $kind
ORDER BY signals.signal_id DESC
