SELECT
    CASE WHEN before.instruction_id IS NULL THEN 'added' ELSE 'removed' END AS change,
    instructions.fingerprint,
    prompt_of(instructions.messages) AS prompt,
    response_of(instructions.messages) AS response
FROM members_of($left_kind, $left_id, $left_version) AS before
FULL JOIN members_of($right_kind, $right_id, $right_version) AS after
    ON before.instruction_id = after.instruction_id
JOIN instructions ON instructions.instruction_id = coalesce(before.instruction_id, after.instruction_id)
WHERE before.instruction_id IS NULL OR after.instruction_id IS NULL
ORDER BY change, instructions.instruction_id
LIMIT $n
