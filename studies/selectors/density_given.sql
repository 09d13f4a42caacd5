-- summary: Sample sentences whose mean vectors have few neighbours.
-- paper: How to Train Data-Efficient LLMs, arXiv 2402.09668; a baseline of FisherSFT, arXiv 2505.14826

WITH given AS (
    SELECT instruction_id, fingerprint, CAST(metadata -> 'mean' AS FLOAT[10]) AS vector
    FROM pool($pool)
)
SELECT instruction_id, density
FROM density((SELECT instruction_id, fingerprint, vector FROM given))
ORDER BY weighted_sample_key(fingerprint, 'density ' || $seed, 1 / density), fingerprint
LIMIT $budget
