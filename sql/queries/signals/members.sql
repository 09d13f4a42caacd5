-- Who has a value.
SELECT instruction_id
FROM signal_members
WHERE signal_id = $signal_id
