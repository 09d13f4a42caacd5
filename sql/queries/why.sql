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
ORDER BY list_contains($pool_ids, pool_members.pool_id) DESC, pools.name, pool_members.added_version
LIMIT 4

-- name: is_in
SELECT count(*) > 0
FROM members_of_all($sources)
WHERE instruction_id = $instruction_id

-- name: member
-- A subset's member: its rank, why and number of rows, if it is one.
SELECT rank, why, copies
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
-- The members of pool versions at a row number, or whose fingerprint begins so; more than one is too many.
SELECT
    instructions.instruction_id,
    any_value(instructions.fingerprint) AS fingerprint,
    arg_min(pool_members.row_number, sources.position) AS row_number,
    arg_min(pool_members.source, sources.position) AS source,
    left(prompt_of(any_value(instructions.messages)), 400) AS prompt,
    arg_min(pools.name, sources.position) AS pool
FROM (SELECT unnest($sources, recursive := true)) AS sources
JOIN pools ON pools.pool_id = sources.id
JOIN pool_members
    ON pool_members.pool_id = sources.id
    AND is_member_at(pool_members.added_version, pool_members.removed_version, sources.version)
JOIN instructions ON instructions.instruction_id = pool_members.instruction_id
WHERE pool_members.row_number = $row_number OR starts_with(instructions.fingerprint, $prefix)
GROUP BY instructions.instruction_id
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
