-- A subset's member: its rank and why, if it is one.
SELECT rank, why
FROM subset_members
WHERE subset_id = $subset_id AND instruction_id = $instruction_id
