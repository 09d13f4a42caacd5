-- summary: The mid-rank quantile of a depth within its domain.
-- paper: ILA, Wu et al. 2025, arXiv 2509.06463
-- inputs: $of AS depth, members
--
-- RID = (members of the domain with a lower depth + half of those with the same depth, itself
-- included) / (members of the domain that have a depth). The domain is the first level of the first
-- label, before a `/`, else the source.

WITH depths AS (
    SELECT
        members.instruction_id,
        coalesce(nullif(split_part(members.labels[1], '/', 1), ''), members.source) AS domain,
        depth.value,
        depth.reason
    FROM members
    JOIN depth USING (instruction_id)
)
SELECT instruction_id, quantile_within(value, domain)::DOUBLE AS value, NULL::VARCHAR AS reason
FROM depths
WHERE value IS NOT NULL
UNION ALL
SELECT instruction_id, NULL AS value, reason
FROM depths
WHERE value IS NULL
