DELETE FROM signal_gaps
USING unreferenced
WHERE unreferenced.instruction_id = signal_gaps.instruction_id
