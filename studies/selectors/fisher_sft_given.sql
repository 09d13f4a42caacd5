-- summary: FisherSFT on token vectors of the records, for a study without a language model.
-- paper: FisherSFT, arXiv 2505.14826, Algorithm 1
-- param: regularization number = 1     lambda; the first matrix is lambda times the identity

WITH given AS (
    SELECT instruction_id, fingerprint, CAST(metadata -> 'states' AS FLOAT[10][]) AS states
    FROM pool($pool)
)
SELECT instruction_id, rank AS round, gain
FROM log_det(
    (SELECT instruction_id, fingerprint, states FROM given),
    budget => $budget, regularization => $regularization
)
ORDER BY rank
