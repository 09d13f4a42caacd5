-- name: count_gaps
SELECT count(*)
FROM members_of($kind, $id, $version)
JOIN signal_gaps USING (instruction_id)
WHERE signal_gaps.signal_id = $signal_id

-- name: depth
-- Means over the same tokens, so that their difference is (L_base - L_sft) / T.
SELECT
    instruction_id,
    (base.value - tuned.value) * coalesce(n_labels.value, 1) AS value,
    coalesce(base.reason, tuned.reason) AS reason
FROM wanted
JOIN (SELECT instruction_id, value, reason FROM scores WHERE signal_id = $base) AS base USING (instruction_id)
JOIN (SELECT instruction_id, value, reason FROM scores WHERE signal_id = $tuned) AS tuned USING (instruction_id)
JOIN (SELECT instruction_id, value FROM scores WHERE signal_id = $n_labels) AS n_labels USING (instruction_id)

-- name: depth_cheap
SELECT
    instruction_id,
    response.value * ln(1 + coalesce(n_labels.value, 1)) AS value,
    response.reason
FROM wanted
JOIN (SELECT instruction_id, value, reason FROM scores WHERE signal_id = $response_loss) AS response USING (instruction_id)
JOIN (SELECT instruction_id, value FROM scores WHERE signal_id = $n_labels) AS n_labels USING (instruction_id)

-- name: ifd
SELECT
    instruction_id,
    response.value / answer.value AS value,
    coalesce(response.reason, answer.reason) AS reason
FROM wanted
JOIN (SELECT instruction_id, value, reason FROM scores WHERE signal_id = $response_loss) AS response USING (instruction_id)
JOIN (SELECT instruction_id, value, reason FROM scores WHERE signal_id = $answer_loss) AS answer USING (instruction_id)

-- name: ifd_ppl
SELECT
    instruction_id,
    exp(response.value - answer.value) AS value,
    coalesce(response.reason, answer.reason) AS reason
FROM wanted
JOIN (SELECT instruction_id, value, reason FROM scores WHERE signal_id = $response_loss) AS response USING (instruction_id)
JOIN (SELECT instruction_id, value, reason FROM scores WHERE signal_id = $answer_loss) AS answer USING (instruction_id)

-- name: learnability
-- The first loss of a trajectory minus its last; only whole trajectories are read.
WITH ends AS (
    SELECT min(checkpoint) AS first, max(checkpoint) AS last
    FROM checkpoints
    WHERE signal_id = $losses
)
SELECT instruction_id, before.loss::DOUBLE - after.loss::DOUBLE AS value, NULL::VARCHAR AS reason
FROM wanted
JOIN (SELECT instruction_id FROM signal_members WHERE signal_id = $losses) AS whole USING (instruction_id)
JOIN (
    SELECT losses.instruction_id, losses.loss
    FROM losses
    JOIN ends ON losses.checkpoint = ends.first
    WHERE losses.signal_id = $losses
) AS before USING (instruction_id)
JOIN (
    SELECT losses.instruction_id, losses.loss
    FROM losses
    JOIN ends ON losses.checkpoint = ends.last
    WHERE losses.signal_id = $losses
) AS after USING (instruction_id)
UNION ALL
SELECT instruction_id, NULL AS value, signal_gaps.reason
FROM wanted
JOIN signal_gaps USING (instruction_id)
WHERE signal_gaps.signal_id = $losses

-- name: least_confidence
SELECT instruction_id, exp(-scores.value) AS value, scores.reason
FROM wanted
JOIN scores USING (instruction_id)
WHERE scores.signal_id = $response_loss

-- name: members
CREATE TEMP TABLE members AS
SELECT instruction_id, fingerprint, source, labels
FROM version_at($kind, $id, $version)

-- name: members_hash
-- What a score that depends on the members as a whole depends on; in no order, so that none has to be made.
SELECT bit_xor(md5_number(concat_ws(chr(31), fingerprint, source, array_to_string(labels, chr(30)))))::VARCHAR
FROM members

-- name: n_labels
-- The pool's own labels where a member has some, else those of a taxonomy ($labels; NULL without one).
SELECT
    instruction_id,
    nullif(
        len(list_distinct(CASE WHEN len(members.labels) > 0 THEN members.labels ELSE signal_labels.labels END)), 0
    )::DOUBLE AS value,
    CASE WHEN coalesce(len(members.labels), 0) + coalesce(len(signal_labels.labels), 0) = 0 THEN 'no_labels' END AS reason
FROM wanted
JOIN members USING (instruction_id)
LEFT JOIN (SELECT instruction_id, labels FROM signal_labels WHERE signal_id = $labels) AS signal_labels USING (instruction_id)

-- name: perplexity
SELECT instruction_id, exp(scores.value) AS value, scores.reason
FROM wanted
JOIN scores USING (instruction_id)
WHERE scores.signal_id = $response_loss

-- name: rid
-- The mid-rank quantile of a depth within its domain, over the members that have a depth.
WITH depths AS (
    SELECT
        members.instruction_id,
        coalesce(nullif(split_part(members.labels[1], '/', 1), ''), members.source) AS domain,
        scores.value,
        scores.reason
    FROM members
    JOIN scores USING (instruction_id)
    WHERE scores.signal_id = $depth
),
ranked AS (
    SELECT instruction_id, quantile_within(value, domain)::DOUBLE AS value, NULL::VARCHAR AS reason
    FROM depths
    WHERE value IS NOT NULL
    UNION ALL
    SELECT instruction_id, NULL AS value, reason
    FROM depths
    WHERE value IS NULL
)
SELECT instruction_id, value, reason
FROM wanted
JOIN ranked USING (instruction_id)

-- name: values
SELECT instruction_id, value
FROM scores
WHERE signal_id = $signal_id AND value IS NOT NULL
ORDER BY instruction_id

-- name: warm_up
-- A random part of the members: fixed by their fingerprints and the seed, and not those that `random` takes first with that seed.
SELECT instruction_id, instructions.fingerprint
FROM members_of($kind, $id, $version)
JOIN instructions USING (instruction_id)
WHERE draw(instructions.fingerprint, 'warm_up ' || $seed) < $share
ORDER BY instructions.fingerprint
