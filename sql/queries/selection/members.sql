-- The members of a pool or subset that are not known to have no value of a signal.
SELECT instruction_id, instructions.fingerprint
FROM members_of($kind, $id, $version)
JOIN instructions USING (instruction_id)
ANTI JOIN (
    SELECT instruction_id
    FROM signal_gaps
    WHERE signal_id = $signal_id
) AS gaps USING (instruction_id)
