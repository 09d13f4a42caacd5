-- name: chosen
-- What a selection chose, in its order, with what identifies a member everywhere and whether it belongs there.
SELECT
    chosen.instruction_id,
    instructions.fingerprint,
    chosen.instruction_id IN (SELECT instruction_id FROM members_of_all($sources)) AS is_member
FROM chosen
LEFT JOIN instructions USING (instruction_id)
ORDER BY chosen.rank

-- name: cost
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

-- name: coverage
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
    (SELECT count(*) FROM members) AS n_members,
    signals.details
FROM signals
LEFT JOIN with_value USING (signal_id)
LEFT JOIN without_value USING (signal_id)
LEFT JOIN versions USING (signal_id)
WHERE signals.kind = $signal_kind
    AND (signals.stale IS NULL OR list_contains($pinned, signals.identity_sha256))
ORDER BY signals.created_at DESC, signals.signal_id DESC

-- name: labels
-- The distinct labels of a pool or subset, in order.
SELECT DISTINCT label
FROM (
    SELECT unnest(labels) AS label
    FROM version_at($kind, $id, $version)
)
WHERE label IS NOT NULL
ORDER BY label

-- name: losses
-- The losses from a checkpoint on: number 0 is the first of training, -1 the model before it.
SELECT instruction_id, checkpoint, loss
FROM losses
WHERE signal_id = $signal_id AND checkpoint >= $first

-- name: members
-- The members of a pool or subset that are not known to have no value of a signal.
SELECT instruction_id, instructions.fingerprint
FROM members_of($kind, $id, $version)
JOIN instructions USING (instruction_id)
ANTI JOIN (
    SELECT instruction_id
    FROM signal_gaps
    WHERE signal_id = $signal_id
) AS gaps USING (instruction_id)

-- name: members_sha256
-- The hash of the members of a pool or subset, whatever their order.
SELECT sha256(coalesce(string_agg(fingerprint || chr(10), '' ORDER BY fingerprint), ''))
FROM members_of($kind, $id, $version)
JOIN instructions USING (instruction_id)

-- name: n_characters
-- How long the members are that lack a signal: characters of prompt and response.
SELECT count(*) AS n_instructions, coalesce(sum(list_sum(list_transform(instructions.messages, lambda m: len(m.content)))), 0) AS n_characters
FROM members_of($kind, $id, $version)
JOIN instructions USING (instruction_id)
ANTI JOIN (
    SELECT instruction_id
    FROM signal_members
    WHERE signal_id = $signal_id
    UNION ALL
    SELECT instruction_id
    FROM signal_gaps
    WHERE signal_id = $signal_id
) AS done USING (instruction_id)

-- name: n_checkpoints
SELECT count(DISTINCT checkpoint)
FROM checkpoints
WHERE signal_id = $signal_id AND checkpoint >= $first

-- name: n_labelled
-- How many members of a pool or subset have labels, of how many.
SELECT count(*) FILTER (WHERE len(labels) > 0) AS n_labelled, count(*) AS n_members
FROM version_at($kind, $id, $version)

-- name: n_distinct
-- How many members several pools and subsets have, those of two counted once.
SELECT count(DISTINCT instruction_id)
FROM members_of_all($sources)

-- name: n_fitting
-- How many members fit into a number of tokens, those of the fewest first and those without any counted; the tokens
-- of all, and the most of one.
WITH members AS (
    SELECT DISTINCT instruction_id
    FROM members_of_all($sources)
),
counted AS (
    SELECT scores.value, sum(scores.value) OVER (ORDER BY scores.value, members.instruction_id ROWS UNBOUNDED PRECEDING) AS total
    FROM members
    JOIN scores USING (instruction_id)
    JOIN signals USING (signal_id)
    WHERE signals.identity_sha256 = $identity_sha256 AND scores.value IS NOT NULL
)
SELECT
    CASE
        WHEN coalesce(min(value), 0) > $n_tokens THEN 0
        ELSE count(*) FILTER (total <= $n_tokens) + (SELECT count(*) FROM members) - count(*)
    END::BIGINT AS n_members,
    coalesce(sum(value), 0)::BIGINT AS n_tokens,
    coalesce(max(value), 0)::BIGINT AS most
FROM counted

-- name: tokens
-- The tokens of members that a selection answers.
SELECT scores.instruction_id, scores.value::BIGINT
FROM chosen_ids
JOIN scores USING (instruction_id)
JOIN signals USING (signal_id)
WHERE signals.identity_sha256 = $identity_sha256 AND scores.value IS NOT NULL

-- name: owners
-- The names of the pools and subsets whose maps are read, the first ones first.
SELECT name
FROM owners_of($kind, $id)
ORDER BY place, name

-- name: pool_of
-- What a selection needs to know of a pool or subset.
SELECT
    (SELECT count(*) FROM members_of($kind, $id, $version)) AS n_members,
    coalesce((SELECT is_prompts_only FROM pools WHERE $kind = 'pool' AND pool_id = $id), false) AS is_prompts_only,
    (SELECT purpose FROM pools WHERE $kind = 'pool' AND pool_id = $id) AS purpose

-- name: selectors
SELECT name, text
FROM selectors
ORDER BY name

-- name: trained_proxies
-- How many proxies of a name were trained here, on whole pools, and gave losses.
SELECT count(*)
FROM signals
WHERE kind = 'losses'
    AND name = $name
    AND stale IS NULL
    AND json_exists(identity, '$.start')
    AND NOT coalesce((details ->> 'is_sample')::BOOLEAN, false)
    AND EXISTS (
        SELECT 1
        FROM signal_members
        WHERE signal_members.signal_id = signals.signal_id
    )
