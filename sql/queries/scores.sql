-- name: aggregates
SELECT DISTINCT function_name
FROM duckdb_functions()
WHERE function_type = 'aggregate'

-- name: by_fingerprint
SELECT instructions.fingerprint, scores.value
FROM members_of($kind, $id, $version)
JOIN instructions USING (instruction_id)
JOIN scores USING (instruction_id)
WHERE scores.signal_id = $signal_id AND scores.value IS NOT NULL

-- name: calls
SELECT DISTINCT ON (request_sha256)
    request_sha256,
    answer,
    logprobs,
    finish,
    problem,
    n_prompt_tokens,
    n_answer_tokens,
    seconds,
    cost,
    n_attempts
FROM score_calls
SEMI JOIN wanted_calls USING (request_sha256)
ORDER BY request_sha256, answered_at

-- name: count_gaps
SELECT count(*)
FROM members_of($kind, $id, $version)
JOIN signal_gaps USING (instruction_id)
WHERE signal_gaps.signal_id = $signal_id

-- name: drop_scores
DELETE FROM scores
WHERE signal_id = $signal_id

-- name: drop_signal_labels
DELETE FROM signal_labels
WHERE signal_id = $signal_id

-- name: drop_signal_gaps
DELETE FROM signal_gaps
WHERE signal_id = $signal_id

-- name: drop_signal_members
DELETE FROM signal_members
WHERE signal_id = $signal_id

-- name: input_labels
-- An input of a derived score: the labels of a taxonomy; nothing where $signal_id is NULL.
SELECT instruction_id, labels
FROM main.signal_labels
SEMI JOIN members_of($kind, $id, $version) USING (instruction_id)
WHERE signal_id = $signal_id

-- name: input_losses
-- An input of a derived score: whole trajectories, the loss before training where it is recorded, and why the other members have none.
SELECT
    instruction_id,
    list(loss ORDER BY checkpoint) FILTER (checkpoint >= 0) AS losses,
    max(loss) FILTER (checkpoint = -1) AS start,
    NULL::VARCHAR AS reason
FROM main.losses
SEMI JOIN (
    SELECT instruction_id
    FROM main.signal_members
    WHERE signal_id = $signal_id
) USING (instruction_id)
SEMI JOIN members_of($kind, $id, $version) USING (instruction_id)
WHERE signal_id = $signal_id
GROUP BY instruction_id
UNION ALL
SELECT instruction_id, NULL AS losses, NULL AS start, reason
FROM main.signal_gaps
SEMI JOIN members_of($kind, $id, $version) USING (instruction_id)
WHERE signal_id = $signal_id

-- name: input_members
-- An input of a derived score: all members of the pool or subset.
SELECT instruction_id, fingerprint, source, labels
FROM version_at($kind, $id, $version)

-- name: input_score
-- An input of a derived score: another score of the members.
SELECT instruction_id, value, reason
FROM main.scores
SEMI JOIN members_of($kind, $id, $version) USING (instruction_id)
WHERE signal_id = $signal_id

-- name: input_texts
-- An input of a derived score: the text of each member; one without a response has the reason.
SELECT
    instruction_id,
    prompt_of(messages) AS prompt,
    nullif(response_of(messages), '') AS response,
    messages,
    CASE WHEN coalesce(response_of(messages), '') = '' THEN 'no_response' END AS reason
FROM main.instructions
SEMI JOIN members_of($kind, $id, $version) USING (instruction_id)

-- name: keep
INSERT INTO score_definitions (name, text, language, added_at)
VALUES ($name, $text, $language, now() AT TIME ZONE 'UTC')

-- name: keep_calls
INSERT INTO score_calls
SELECT
    $score,
    $model,
    instruction_id,
    turn,
    request_sha256,
    answer,
    logprobs,
    finish,
    problem,
    n_prompt_tokens,
    n_answer_tokens,
    seconds,
    cost,
    n_attempts,
    now() AT TIME ZONE 'UTC'
FROM new_calls

-- name: kept
-- The scores that users added, as SQL or as TOML.
SELECT name, text
FROM score_definitions
WHERE language = $language
ORDER BY name

-- name: kept_at
SELECT text, added_at, language
FROM score_definitions
WHERE name = $name

-- name: members
CREATE TEMP TABLE members AS
SELECT instruction_id, fingerprint, source, labels
FROM version_at($kind, $id, $version)

-- name: members_hash
-- The hash of what a score depends on that compares members; independent of their order, so that none is sorted.
SELECT bit_xor(md5_number(concat_ws(chr(31), fingerprint, source, array_to_string(labels, chr(30)))))::VARCHAR
FROM members

-- name: remove
DELETE FROM score_definitions
WHERE name = $name

-- name: subsets_of
-- The subsets that were made of a signal.
SELECT name || '@' || version
FROM subsets
WHERE contains(CAST(definition AS VARCHAR), $identity_sha256)

-- name: tree
SELECT json_serialize_sql($sql)::VARCHAR

-- name: values
SELECT instruction_id, value
FROM scores
WHERE signal_id = $signal_id AND value IS NOT NULL
ORDER BY instruction_id

-- name: warm_up
-- A random part of the members: fixed by their fingerprints and the seed, and different from what `random` takes first with that seed.
SELECT instruction_id, instructions.fingerprint
FROM members_of($kind, $id, $version)
JOIN instructions USING (instruction_id)
WHERE uniform_hash(instructions.fingerprint, 'warm_up ' || $seed) < $share
ORDER BY instructions.fingerprint
