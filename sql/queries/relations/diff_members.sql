SELECT
    CASE
        WHEN before.instruction_id IS NULL THEN 'added'
        WHEN after.instruction_id IS NULL THEN 'removed'
        ELSE 'media changed'
    END AS change,
    instructions.fingerprint,
    prompt_of(instructions.messages) AS prompt,
    response_of(instructions.messages) AS response,
    instructions.rejected,
    instructions.media
FROM members_of($left_kind, $left_id, $left_version) AS before
FULL JOIN members_of($right_kind, $right_id, $right_version) AS after
    ON before.instruction_id = after.instruction_id
JOIN instructions ON instructions.instruction_id = coalesce(before.instruction_id, after.instruction_id)
WHERE before.instruction_id IS NULL
    OR after.instruction_id IS NULL
    OR before.instruction_id IN (SELECT instruction_id FROM changed_media)
ORDER BY change, instructions.instruction_id
LIMIT $n
