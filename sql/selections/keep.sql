-- summary: Keep the members of an earlier version that still qualify, and fill up in the order of a ranking.
-- param: kept text                      earlier version of the subset
-- param: kept_first boolean = false     kept members before all others, where a budget in tokens cuts the answer

WITH chosen AS (
    SELECT
        ranking.instruction_id,
        ranking.rank AS place,
        kept.instruction_id IS NOT NULL AS is_kept,
        ranking.copies
    FROM subset($pool) AS ranking
    LEFT JOIN subset($kept) AS kept ON kept.instruction_id = ranking.instruction_id
    ORDER BY is_kept DESC, place
    LIMIT $budget
)
SELECT instruction_id, place, is_kept, copies
FROM chosen
ORDER BY $kept_first AND is_kept DESC, place
