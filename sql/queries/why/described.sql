SELECT instruction_id, fingerprint, left(prompt_of(messages), 400) AS prompt
FROM instructions
WHERE list_contains($ids, instruction_id)
