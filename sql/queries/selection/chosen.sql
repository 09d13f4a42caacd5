-- What a selection chose, in its order, with what identifies a member everywhere and whether it belongs there.
SELECT
    chosen.instruction_id,
    instructions.fingerprint,
    members.instruction_id IS NOT NULL AS is_member
FROM chosen
LEFT JOIN instructions USING (instruction_id)
LEFT JOIN members_of($kind, $id, $version) AS members USING (instruction_id)
ORDER BY chosen.rank
