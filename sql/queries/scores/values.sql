SELECT instruction_id, value
FROM scores
WHERE signal_id = $signal_id AND value IS NOT NULL
ORDER BY instruction_id
