-- A random part of the members: fixed by their fingerprints and the seed.
SELECT instruction_id, instructions.fingerprint
FROM members_of($kind, $id, $version)
JOIN instructions USING (instruction_id)
WHERE draw(instructions.fingerprint, $seed) < $share
ORDER BY instructions.fingerprint
