DELETE FROM instructions
USING unreferenced
WHERE unreferenced.instruction_id = instructions.instruction_id
