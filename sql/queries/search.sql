-- name: answer
-- What an answer says of its rows.
SELECT
    members.instruction_id,
    members.fingerprint,
    members.source,
    members.prompt,
    members.response
FROM version_at($kind, $id, $version) AS members
SEMI JOIN hits USING (instruction_id)

-- name: fingerprints
-- The members whose fingerprints begin with some digits: two, where the digits leave it open.
SELECT members.instruction_id, instructions.fingerprint
FROM members_of($kind, $id, $version) AS members
JOIN instructions USING (instruction_id)
WHERE starts_with(instructions.fingerprint, $prefix)
ORDER BY instructions.fingerprint
LIMIT 2

-- name: set_index
UPDATE signals
SET details = json_merge_patch(coalesce(details, '{}'), $index)
WHERE signal_id = $signal_id

-- name: tokens
-- Texts as their tokens with spaces between, which is what the full-text index holds.
SELECT
    instruction_id,
    array_to_string(tokens_of(prompt), ' ') AS prompt,
    array_to_string(tokens_of(coalesce(response, '')), ' ') AS response
FROM texts

-- name: words
SELECT tokens_of($text)
