-- name: described
SELECT instruction_id, fingerprint, left(prompt_of(messages), 400) AS prompt
FROM instructions
WHERE list_contains($ids, instruction_id)

-- name: elsewhere
-- Which pools had a member whose fingerprint begins so, and in which versions.
SELECT pools.name, pool_members.added_version, pool_members.removed_version
FROM instructions
JOIN pool_members USING (instruction_id)
JOIN pools USING (pool_id)
WHERE starts_with(instructions.fingerprint, $prefix)
ORDER BY pool_members.pool_id = $pool_id DESC, pools.name, pool_members.added_version
LIMIT 4

-- name: is_in
SELECT count(*) > 0
FROM members_of($kind, $id, $version)
WHERE instruction_id = $instruction_id

-- name: member
-- A subset's member: its rank and why, if it is one.
SELECT rank, why
FROM subset_members
WHERE subset_id = $subset_id AND instruction_id = $instruction_id

-- name: quarantined
-- Why a row was put aside, if it was, by one of the loads that make up a version.
SELECT file, position, reason, detail
FROM quarantine
WHERE pool_id = $pool_id
    AND version IN (SELECT load FROM loads_of($pool_id, $version))
    AND row_number = $row_number
LIMIT 1

-- name: row
-- The members of a pool version at a row number, or whose fingerprint begins so; more than one is too many.
SELECT instruction_id, fingerprint, row_number, source, left(prompt, 400) AS prompt
FROM pool_at($pool_id, $version)
WHERE row_number = $row_number OR starts_with(fingerprint, $prefix)
ORDER BY fingerprint
LIMIT 6

-- name: signal
-- Whether an instruction has a value of a signal, and why it has none.
SELECT
    EXISTS (SELECT 1 FROM signal_members WHERE signal_id = $signal_id AND instruction_id = $instruction_id)
    OR EXISTS (SELECT 1 FROM losses WHERE signal_id = $signal_id AND instruction_id = $instruction_id AND loss IS NOT NULL)
    OR EXISTS (SELECT 1 FROM scores WHERE signal_id = $signal_id AND instruction_id = $instruction_id AND value IS NOT NULL) AS has_value,
    coalesce(
        (SELECT max(reason) FROM scores WHERE signal_id = $signal_id AND instruction_id = $instruction_id),
        (SELECT max(reason) FROM signal_gaps WHERE signal_id = $signal_id AND instruction_id = $instruction_id)
    ) AS reason
