-- The members of a reference that have neither a value nor a reason for having none, in the order of their fingerprints: shards and
-- batches are cut from it, and batches change the bits of a value.
SELECT members.instruction_id
FROM members_of($kind, $id, $version) AS members
JOIN instructions USING (instruction_id)
ANTI JOIN (SELECT instruction_id FROM signal_members WHERE signal_id = $signal_id) AS done USING (instruction_id)
ANTI JOIN (SELECT instruction_id FROM signal_gaps WHERE signal_id = $signal_id) AS gaps USING (instruction_id)
ORDER BY instructions.fingerprint
