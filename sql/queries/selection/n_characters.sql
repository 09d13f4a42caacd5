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
