SELECT chosen.rank, instructions.fingerprint
FROM chosen
JOIN instructions USING (instruction_id)
ORDER BY chosen.rank
