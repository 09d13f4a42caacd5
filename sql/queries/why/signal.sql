-- Whether an instruction has a value of a signal, and why it has none.
SELECT
    EXISTS (SELECT 1 FROM signal_members WHERE signal_id = $signal_id AND instruction_id = $instruction_id)
    OR EXISTS (SELECT 1 FROM losses WHERE signal_id = $signal_id AND instruction_id = $instruction_id AND loss IS NOT NULL)
    OR EXISTS (SELECT 1 FROM scores WHERE signal_id = $signal_id AND instruction_id = $instruction_id AND value IS NOT NULL) AS has_value,
    coalesce(
        (SELECT max(reason) FROM scores WHERE signal_id = $signal_id AND instruction_id = $instruction_id),
        (SELECT max(reason) FROM signal_gaps WHERE signal_id = $signal_id AND instruction_id = $instruction_id)
    ) AS reason
