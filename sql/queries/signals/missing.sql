-- The members of a reference that have neither a value nor a reason for having none.
SELECT instruction_id
FROM members_of($kind, $id, $version)
ANTI JOIN (SELECT instruction_id FROM signal_members WHERE signal_id = $signal_id) AS done USING (instruction_id)
ANTI JOIN (SELECT instruction_id FROM signal_gaps WHERE signal_id = $signal_id) AS gaps USING (instruction_id)
ORDER BY instruction_id
