-- summary: Correct a judge's ratings by those of similar members, then take the best, the last class by rarity.
-- paper: DS2, Pang et al., ICLR 2025, arXiv 2410.10877, as its authors' code does it
-- ours: every round draws a share of all members; the authors' code draws 50,000, and counts every member twice
-- needs: embeddings, a score
-- param: score text = ds2_overall      rating of a judge; fractions are rounded
-- param: lowest integer = 4            ratings below it belong to this class
-- param: highest integer = 9           ratings above it belong to this class
-- param: k integer = 10 [3..]          nearest members that vote on a rating, the member itself included
-- param: rounds integer = 51 [1..]     draws of 90 % of the members
-- param: confidence number = 0.5 [0..1]  confidence from which a rating is corrected
-- param: encoder text = NULL           encoder of the embeddings, if there are several

WITH rated AS (
    SELECT
        instruction_id,
        fingerprint,
        vector,
        least(greatest(round(scores.value), $lowest), $highest)::INTEGER AS rating
    FROM embeddings($pool, encoder => $encoder)
    JOIN score($pool, name => $score) AS scores USING (instruction_id, fingerprint)
    WHERE scores.value IS NOT NULL
),
curated AS (
    SELECT
        instruction_id,
        fingerprint,
        rating,
        CASE WHEN confidence >= $confidence THEN suggested ELSE rating END AS curated_rating,
        confidence,
        rarity
    FROM curate_scores((SELECT * FROM rated), by => 'rating', k => $k, rounds => $rounds, seed => $seed)
)
SELECT instruction_id, curated_rating, rating, confidence, rarity
FROM curated
ORDER BY curated_rating DESC, rarity DESC, fingerprint
LIMIT $budget
