-- A random part of the members: fixed by their fingerprints and the seed, and not those that `random` takes first with that seed.
SELECT instruction_id, instructions.fingerprint
FROM members_of($kind, $id, $version)
JOIN instructions USING (instruction_id)
WHERE draw(instructions.fingerprint, 'warm_up ' || $seed) < $share
ORDER BY instructions.fingerprint
