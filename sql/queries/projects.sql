-- name: builds
SELECT node, inputs, result, seconds
FROM builds

-- name: forget
DELETE FROM builds
WHERE node = $node

-- name: record
INSERT INTO builds (node, inputs, result, seconds, built_at)
VALUES ($node, $inputs, $result, $seconds, now() AT TIME ZONE 'UTC')

-- name: gaps
-- How many members of a pool or subset lack each of some signals; a signal that is stale or gone lacks all.
WITH members AS MATERIALIZED (
    SELECT instruction_id
    FROM members_of($kind, $id, $version)
),
wanted AS (
    SELECT unnest($identities::VARCHAR[]) AS identity_sha256
),
done AS (
    SELECT signal_id, instruction_id
    FROM signal_members
    UNION ALL
    SELECT signal_id, instruction_id
    FROM signal_gaps
),
counts AS (
    SELECT signals.identity_sha256, count(DISTINCT instruction_id) AS n
    FROM done
    SEMI JOIN members USING (instruction_id)
    JOIN signals USING (signal_id)
    WHERE signals.stale IS NULL AND list_contains($identities::VARCHAR[], signals.identity_sha256)
    GROUP BY signals.identity_sha256
)
SELECT wanted.identity_sha256, (SELECT count(*) FROM members) - coalesce(counts.n, 0) AS n_missing
FROM wanted
LEFT JOIN counts USING (identity_sha256)

-- name: clear_failures
DELETE FROM test_failures
WHERE test = $test AND reference IS NOT DISTINCT FROM $reference

-- name: has_failures
SELECT EXISTS (
    SELECT 1
    FROM test_failures
    WHERE test = $test AND reference IS NOT DISTINCT FROM $reference
)

-- name: write_failures
INSERT INTO test_failures (test, reference, severity, row_number, fingerprint, content, tested_at)
SELECT $test, $reference, $severity, row_number, fingerprint, content, now() AT TIME ZONE 'UTC'
FROM failures

-- name: call_cost
-- What one instruction has cost a judge so far; NULL if it never had a price.
SELECT sum(cost) / count(DISTINCT instruction_id) AS cost
FROM score_calls
WHERE list_contains($scores::VARCHAR[], score) AND cost IS NOT NULL

-- name: selection_seconds
-- What the last selection of this name took, else the last one by this selector.
SELECT seconds
FROM subsets
WHERE name = $name OR selector = $selector
ORDER BY name = $name DESC, subset_id DESC
LIMIT 1

-- name: signals
-- The signals that a selection may read, in the order in which they count.
SELECT kind, name, identity_sha256
FROM signals
WHERE stale IS NULL
ORDER BY created_at DESC, signal_id DESC

-- name: signal_values
-- The identity of some signals, and a hash of their values; NULL where no hash was recorded.
SELECT
    signals.kind || ' ' || signals.name AS title,
    signals.identity,
    sha256(string_agg(shards.sha256, ' ' ORDER BY shards.sha256)) AS values_sha256
FROM signals
LEFT JOIN shards USING (signal_id)
WHERE list_contains($identities::VARCHAR[], signals.identity_sha256)
GROUP BY signals.signal_id, signals.kind, signals.name, signals.identity
ORDER BY title, signals.signal_id

-- name: diff_by_source
-- The members that only one of two references has, and those of both, by source.
SELECT
    coalesce(after.source, before.source) AS source,
    count(*) FILTER (before.instruction_id IS NULL) AS n_added,
    count(*) FILTER (after.instruction_id IS NULL) AS n_removed,
    count(*) FILTER (before.instruction_id IS NOT NULL AND after.instruction_id IS NOT NULL) AS n_kept
FROM pool($before) AS before
FULL JOIN pool($after) AS after ON after.instruction_id = before.instruction_id
GROUP BY coalesce(after.source, before.source)
ORDER BY n_added + n_removed DESC, source

-- name: by_source
SELECT source, count(*) AS n_added, 0 AS n_removed, 0 AS n_kept
FROM pool($after)
GROUP BY source
ORDER BY n_added DESC, source
