-- summary: Represent the pool by good members: weigh the gain of facility location against a score.
-- paper: QDIT, Bukharin et al. 2023, arXiv 2311.14736; read from its abstract
-- ours: the gain is divided by the number of members, and the score is scaled to 0 to 1
-- needs: embeddings, a score
-- param: score text = deita            quality, or any other score
-- param: alpha number = 0.7 [0..1]     weight of the quality, below 1; 0 is facility location alone
-- param: encoder text = NULL           encoder of the embeddings, if there are several

WITH scored AS (
    SELECT instruction_id, fingerprint, vector, scores.value AS score
    FROM embeddings($pool, encoder => $encoder)
    JOIN score($pool, name => $score) AS scores USING (instruction_id, fingerprint)
    WHERE scores.value IS NOT NULL
)
SELECT instruction_id, score, gain
FROM facility_location((SELECT * FROM scored), score => 'score', alpha => $alpha, budget => $budget)
ORDER BY rank, fingerprint
