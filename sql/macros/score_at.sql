-- One score over a pool or subset: DuckDB's side of score('name@version', name => ...).
CREATE OR REPLACE TEMP MACRO score_at(the_kind, the_id, the_version, the_signal_id) AS TABLE
SELECT
    instructions.instruction_id,
    instructions.fingerprint,
    of_signal.value,
    of_signal.reason
FROM members_of(the_kind, the_id, the_version)
JOIN instructions USING (instruction_id)
LEFT JOIN (
    SELECT instruction_id, value, reason
    FROM scores
    WHERE signal_id = the_signal_id
) AS of_signal USING (instruction_id)
