SELECT instructions.fingerprint AS key, instructions.instruction_id
FROM members_of($kind, $id, $version)
JOIN instructions USING (instruction_id)
