-- What a shard is computed from, in an order that does not depend on the pool's file.
SELECT
    instructions.instruction_id,
    instructions.fingerprint,
    prompt_of(instructions.messages) AS prompt,
    response_of(instructions.messages) AS response,
    instructions.messages,
    instructions.system,
    instructions.tools
FROM instructions
JOIN wanted USING (instruction_id)
ORDER BY instructions.fingerprint
