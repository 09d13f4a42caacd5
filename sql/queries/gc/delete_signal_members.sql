DELETE FROM signal_members
USING unreferenced
WHERE unreferenced.instruction_id = signal_members.instruction_id
