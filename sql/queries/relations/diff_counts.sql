SELECT
    count(*) FILTER (before.instruction_id IS NULL) AS n_added,
    count(*) FILTER (after.instruction_id IS NULL) AS n_removed,
    count(*) FILTER (before.instruction_id IS NOT NULL AND after.instruction_id IS NOT NULL) AS n_kept
FROM members_of($left_kind, $left_id, $left_version) AS before
FULL JOIN members_of($right_kind, $right_id, $right_version) AS after
    ON before.instruction_id = after.instruction_id
