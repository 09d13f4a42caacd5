-- What a pool or subset holds, whatever its order: how many members, and the exclusive or of their fingerprints' hashes.
SELECT count(*) || ':' || coalesce(bit_xor(md5_number(instructions.fingerprint)), 0)
FROM members_of($kind, $id, $version)
JOIN instructions USING (instruction_id)
