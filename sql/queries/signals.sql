-- name: find
SELECT signal_id, kind, name, identity_sha256, identity, dimension, lance_table, details
FROM signals
WHERE identity_sha256 = $identity_sha256 AND ($or_stale OR stale IS NULL)

-- name: fix_shard_rows
-- The size of a signal's shards, when its first one is committed.
UPDATE signals
SET shard_rows = $shard_rows
WHERE signal_id = $signal_id
    AND shard_rows IS NULL
    AND NOT EXISTS (FROM shards WHERE shards.signal_id = $signal_id)

-- name: forget
-- A signal of which nothing was computed.
DELETE FROM signals
WHERE signal_id = $signal_id

-- name: has_several_answers
-- Whether some member has several turns of the assistant, or one with keys of its own, such as a weight.
SELECT EXISTS (
    FROM members_of($kind, $id, $version)
    JOIN instructions USING (instruction_id)
    WHERE len(list_filter(messages, lambda m: m.role = 'assistant')) > 1
        OR len(list_filter(messages, lambda m: m.role = 'assistant' AND m.extra IS NOT NULL)) > 0
)

-- name: insert
-- A new signal is the newest, whatever the clock says: which of several of one name is read follows from it.
INSERT INTO signals (signal_id, kind, name, identity_sha256, identity, dimension, lance_table, details, created_at)
SELECT
    $signal_id,
    $kind,
    $name,
    $identity_sha256,
    $identity,
    $dimension,
    $lance_table,
    $details,
    greatest(now() AT TIME ZONE 'UTC', max(created_at) + INTERVAL 1 MICROSECOND)
FROM signals

-- name: insert_gaps
INSERT INTO signal_gaps (signal_id, instruction_id, shard, reason)
SELECT $signal_id, instruction_id, $shard, reason
FROM shard_gaps

-- name: insert_members
INSERT INTO signal_members (signal_id, instruction_id, shard)
SELECT $signal_id, instruction_id, $shard
FROM shard_members

-- name: insert_scores
INSERT INTO scores (signal_id, instruction_id, value, reason)
SELECT $signal_id, instruction_id, value, reason
FROM shard_scores

-- name: insert_shard
INSERT INTO shards (
    signal_id, shard, n_instructions, n_missing, n_tokens, n_truncated, lance_version, seconds, committed_at, sha256
)
VALUES (
    $signal_id,
    $shard,
    $n_instructions,
    $n_missing,
    $n_tokens,
    $n_truncated,
    $lance_version,
    $seconds,
    now() AT TIME ZONE 'UTC',
    $sha256
)

-- name: is_empty
-- Whether nothing of a signal was ever written.
SELECT NOT EXISTS (FROM shards WHERE signal_id = $signal_id)
    AND NOT EXISTS (FROM losses WHERE signal_id = $signal_id)
    AND NOT EXISTS (FROM checkpoints WHERE signal_id = $signal_id)

-- name: list
-- Every signal, how many members of a pool or subset have a value, and why the others have none; of all instructions when $kind is NULL.
-- Of several of one name, `is_read` marks the one that a query means by the name: the newest of those that miss fewest, and of maps
-- one of its own before one of its pools.
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
),
owners AS (
    SELECT name, min(place) AS place
    FROM owners_of($kind, $id)
    GROUP BY name
)
SELECT
    signals.signal_id,
    signals.kind,
    signals.name,
    row_number() OVER (
        PARTITION BY signals.kind, signals.name, signals.identity ->> 'field'
        ORDER BY
            signals.stale IS NOT NULL,
            with_value.n IS NULL,
            coalesce(owners.place, 3),
            coalesce(with_value.n, 0) + coalesce(without_value.n, 0) DESC,
            signals.created_at DESC
    ) = 1 AND signals.stale IS NULL AS is_read,
    coalesce(with_value.n, 0) AS n_with_value,
    (SELECT count(*) FROM members) AS n_members,
    without_value.reasons AS without_value,
    signals.dimension,
    (SELECT sum(seconds) FROM shards WHERE shards.signal_id = signals.signal_id) AS seconds,
    (SELECT max(committed_at) FROM shards WHERE shards.signal_id = signals.signal_id) AS computed_at,
    signals.lance_table,
    CAST(json_extract(signals.details, '$.index.recall') AS DOUBLE) AS index_recall,
    nullif(
        concat_ws(
            '; ',
            'tokenizer ' || (signals.details ->> 'tokenizer'),
            signals.details ->> 'made_by',
            signals.details ->> 'note',
            signals.details ->> 'url',
            (signals.details ->> 'file') || coalesce(' sha256 ' || left(signals.details ->> 'sha256', 8), '')
        ),
        ''
    ) AS origin,
    left(signals.identity_sha256, 12) AS identity,
    signals.stale,
    signals.identity AS settings
FROM signals
LEFT JOIN with_value USING (signal_id)
LEFT JOIN without_value USING (signal_id)
LEFT JOIN owners ON owners.name = signals.identity ->> 'of'
ORDER BY signals.kind, signals.name, signals.signal_id

-- name: members
-- Who has a value.
SELECT instruction_id
FROM signal_members
WHERE signal_id = $signal_id

-- name: missing
-- The members of a reference that have neither a value nor a reason for having none, in the order of their fingerprints: shards and
-- batches are cut from it, and batches change the bits of a value.
SELECT members.instruction_id
FROM members_of($kind, $id, $version) AS members
JOIN instructions USING (instruction_id)
ANTI JOIN (SELECT instruction_id FROM signal_members WHERE signal_id = $signal_id) AS done USING (instruction_id)
ANTI JOIN (SELECT instruction_id FROM signal_gaps WHERE signal_id = $signal_id) AS gaps USING (instruction_id)
ORDER BY instructions.fingerprint

-- name: missing_sample
-- A sample of what is missing: fingerprints are uniform, so the first of them are a fair draw.
SELECT members.instruction_id
FROM members_of($kind, $id, $version) AS members
JOIN instructions USING (instruction_id)
ANTI JOIN (SELECT instruction_id FROM signal_members WHERE signal_id = $signal_id) AS done USING (instruction_id)
ANTI JOIN (SELECT instruction_id FROM signal_gaps WHERE signal_id = $signal_id) AS gaps USING (instruction_id)
ORDER BY instructions.fingerprint
LIMIT $n

-- name: named
-- The signals of a kind, the newest first. A stale one is computed anew, never continued.
SELECT signal_id, kind, name, identity_sha256, identity, dimension, lance_table, details
FROM signals
WHERE kind = $kind AND ($name IS NULL OR name = $name) AND stale IS NULL
ORDER BY created_at DESC, signal_id DESC

-- name: next_shard
SELECT coalesce(max(shard), -1) + 1
FROM shards
WHERE signal_id = $signal_id

-- name: renew
-- Make a signal the newest of all, whatever the clock says.
UPDATE signals
SET created_at = greatest(now() AT TIME ZONE 'UTC', (SELECT max(created_at) + INTERVAL 1 MICROSECOND FROM signals))
WHERE signal_id = $signal_id

-- name: set_details
UPDATE signals
SET details = $details
WHERE signal_id = $signal_id

-- name: shard_rows
SELECT shard_rows
FROM signals
WHERE signal_id = $signal_id

-- name: shards
SELECT shard
FROM shards
WHERE signal_id = $signal_id
ORDER BY shard

-- name: texts
-- What a shard is computed from, in an order that does not depend on the pool's file.
SELECT instruction_id, fingerprint, COLUMNS(lambda name: name IN $columns)
FROM (
    SELECT
        instructions.*,
        prompt_of(instructions.messages) AS prompt,
        response_of(instructions.messages) AS response
    FROM instructions
    JOIN wanted USING (instruction_id)
)
ORDER BY fingerprint
