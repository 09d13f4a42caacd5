-- A sample of what is missing: fingerprints are uniform, so the first of them are a fair draw.
SELECT members.instruction_id
FROM members_of($kind, $id, $version) AS members
JOIN instructions USING (instruction_id)
ANTI JOIN (SELECT instruction_id FROM signal_members WHERE signal_id = $signal_id) AS done USING (instruction_id)
ANTI JOIN (SELECT instruction_id FROM signal_gaps WHERE signal_id = $signal_id) AS gaps USING (instruction_id)
ORDER BY instructions.fingerprint
LIMIT $n
