-- Who is trained on and scored, in an order that does not depend on the pool's.
SELECT members.instruction_id, instructions.fingerprint
FROM members_of($kind, $id, $version) AS members
JOIN instructions USING (instruction_id)
ORDER BY instructions.fingerprint
