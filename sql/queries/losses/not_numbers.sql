-- Whose loss was no number at some checkpoint.
SELECT DISTINCT instruction_id
FROM losses
WHERE signal_id = $signal_id AND loss IS NULL
ORDER BY instruction_id
