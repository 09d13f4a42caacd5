-- name: add
-- What is not given stays as it was.
INSERT INTO marks (change, fingerprint, mark, note, undoes, marked_at)
SELECT
    $change,
    wanted.fingerprint,
    CASE WHEN $has_mark THEN $mark ELSE before.mark END,
    CASE WHEN $has_note THEN $note ELSE before.note END,
    NULL,
    now() AT TIME ZONE 'UTC'
FROM (SELECT DISTINCT unnest($fingerprints) AS fingerprint) AS wanted
LEFT JOIN (
    SELECT fingerprint, mark, note
    FROM marks
    QUALIFY row_number() OVER (PARTITION BY fingerprint ORDER BY change DESC) = 1
) AS before USING (fingerprint)

-- name: change_to_undo
-- The newest change of a member that is not taken back and takes nothing back.
SELECT max(marks.change)
FROM marks
SEMI JOIN (
    SELECT instructions.fingerprint
    FROM members_of($kind, $id, $version)
    JOIN instructions USING (instruction_id)
) AS members USING (fingerprint)
WHERE marks.undoes IS NULL
    AND NOT EXISTS (SELECT 1 FROM marks AS later WHERE later.undoes = marks.change)

-- name: list
SELECT marked.fingerprint, marked.mark, marked.note, marked.marked_at, members.source, members.prompt
FROM marks($reference) AS marked
JOIN pool($reference) AS members USING (instruction_id)
ORDER BY marked.marked_at DESC, marked.fingerprint

-- name: members
-- Those of some fingerprints that are members.
SELECT instructions.fingerprint
FROM members_of($kind, $id, $version)
JOIN instructions USING (instruction_id)
WHERE list_contains($fingerprints, instructions.fingerprint)

-- name: newest
-- The newest change of a mark of a member; 0 if there is none.
SELECT coalesce(max(marks.change), 0)
FROM marks
SEMI JOIN (
    SELECT instructions.fingerprint
    FROM members_of($kind, $id, $version)
    JOIN instructions USING (instruction_id)
) AS members USING (fingerprint)

-- name: next_change
SELECT coalesce(max(change), 0) + 1
FROM marks

-- name: undo
-- What held before a change, for each instruction that no later change has marked.
INSERT INTO marks (change, fingerprint, mark, note, undoes, marked_at)
SELECT $change, undone.fingerprint, before.mark, before.note, $undone, now() AT TIME ZONE 'UTC'
FROM (SELECT fingerprint FROM marks WHERE change = $undone) AS undone
LEFT JOIN (
    SELECT fingerprint, mark, note
    FROM marks
    WHERE change < $undone
    QUALIFY row_number() OVER (PARTITION BY fingerprint ORDER BY change DESC) = 1
) AS before USING (fingerprint)
WHERE NOT EXISTS (
    SELECT 1
    FROM marks AS later
    WHERE later.fingerprint = undone.fingerprint
        AND later.change > $undone
        AND later.undoes IS NULL
        AND NOT EXISTS (SELECT 1 FROM marks AS undoing WHERE undoing.undoes = later.change)
)
RETURNING fingerprint
