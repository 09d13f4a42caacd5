-- The labels of one signal over a pool or subset: DuckDB's side of labels('name@version', name => ...).
CREATE OR REPLACE TEMP MACRO signal_labels_at(the_kind, the_id, the_version, the_signal_id) AS TABLE
SELECT
    instructions.instruction_id,
    instructions.fingerprint,
    coalesce(of_signal.labels, []) AS labels
FROM members_of(the_kind, the_id, the_version)
JOIN instructions USING (instruction_id)
LEFT JOIN (
    SELECT instruction_id, labels
    FROM signal_labels
    WHERE signal_id = the_signal_id
) AS of_signal USING (instruction_id)
