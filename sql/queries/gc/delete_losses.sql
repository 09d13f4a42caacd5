DELETE FROM losses
USING unreferenced
WHERE unreferenced.instruction_id = losses.instruction_id
