-- The marked members of a pool or subset after a change: DuckDB's side of marks('name@version').
CREATE OR REPLACE TEMP MACRO marks_at(the_kind, the_id, the_version, the_change) AS TABLE
SELECT
    instructions.instruction_id,
    instructions.fingerprint,
    newest.mark,
    newest.note,
    newest.marked_at
FROM members_of(the_kind, the_id, the_version)
JOIN instructions USING (instruction_id)
JOIN (
    SELECT fingerprint, mark, note, marked_at
    FROM marks
    WHERE change <= the_change
    QUALIFY row_number() OVER (PARTITION BY fingerprint ORDER BY change DESC) = 1
) AS newest USING (fingerprint)
WHERE newest.mark IS NOT NULL OR newest.note IS NOT NULL
