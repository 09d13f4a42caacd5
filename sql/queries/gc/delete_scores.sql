DELETE FROM scores
USING unreferenced
WHERE unreferenced.instruction_id = scores.instruction_id
