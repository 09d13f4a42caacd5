SELECT instructions.fingerprint
FROM subset_members
JOIN instructions USING (instruction_id)
WHERE subset_members.subset_id = $subset_id
ORDER BY subset_members.rank
