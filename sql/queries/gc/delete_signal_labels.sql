DELETE FROM signal_labels
USING unreferenced
WHERE unreferenced.instruction_id = signal_labels.instruction_id
