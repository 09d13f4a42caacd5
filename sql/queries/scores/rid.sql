-- The mid-rank quantile of a depth within its domain, over the members that have a depth.
WITH depths AS (
    SELECT
        members.instruction_id,
        coalesce(nullif(split_part(members.labels[1], '/', 1), ''), members.source) AS domain,
        scores.value,
        scores.reason
    FROM members
    JOIN scores USING (instruction_id)
    WHERE scores.signal_id = $depth
),
ranked AS (
    SELECT instruction_id, quantile_within(value, domain)::DOUBLE AS value, NULL::VARCHAR AS reason
    FROM depths
    WHERE value IS NOT NULL
    UNION ALL
    SELECT instruction_id, NULL AS value, reason
    FROM depths
    WHERE value IS NULL
)
SELECT instruction_id, value, reason
FROM wanted
JOIN ranked USING (instruction_id)
