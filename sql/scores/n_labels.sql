-- summary: Number of distinct labels, ILA's K.
-- paper: ILA, Wu et al. 2025, arXiv 2509.06463; InsTag, Lu et al. 2023, arXiv 2308.07074
-- inputs: labels, members
--
-- A member's own labels if it has any, else those of `catalog label`.

WITH counted AS (
    SELECT
        members.instruction_id,
        len(list_distinct(
            CASE WHEN len(members.labels) > 0 THEN members.labels ELSE labels.labels END
        )) AS n
    FROM members
    LEFT JOIN labels USING (instruction_id)
)
SELECT
    instruction_id,
    nullif(n, 0)::DOUBLE AS value,
    CASE WHEN coalesce(n, 0) = 0 THEN 'no_labels' END AS reason
FROM counted
