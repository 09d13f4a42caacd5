-- The signals of a kind, the newest first, and how much of a pool or subset each covers. A stale one is read only where a stored
-- definition was made of it.
WITH members AS MATERIALIZED (
    SELECT instruction_id
    FROM members_of($kind, $id, $version)
),
with_value AS (
    SELECT signal_id, count(*) AS n
    FROM signal_members
    SEMI JOIN members USING (instruction_id)
    GROUP BY signal_id
),
without_value AS (
    SELECT signal_id, count(*) AS n
    FROM signal_gaps
    SEMI JOIN members USING (instruction_id)
    GROUP BY signal_id
),
versions AS (
    SELECT signal_id, max(lance_version) AS lance_version
    FROM shards
    GROUP BY signal_id
)
SELECT
    signals.signal_id,
    signals.kind,
    signals.name,
    signals.identity_sha256,
    signals.identity,
    signals.dimension,
    signals.lance_table,
    versions.lance_version,
    coalesce(with_value.n, 0) AS n_with_value,
    coalesce(without_value.n, 0) AS n_without_value,
    (SELECT count(*) FROM members) AS n_members
FROM signals
LEFT JOIN with_value USING (signal_id)
LEFT JOIN without_value USING (signal_id)
LEFT JOIN versions USING (signal_id)
WHERE signals.kind = $signal_kind
    AND (signals.stale IS NULL OR list_contains($pinned, signals.identity_sha256))
ORDER BY signals.created_at DESC, signals.signal_id DESC
