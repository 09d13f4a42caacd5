-- summary: Cover the good members, then add good members that the model answers badly, far from those.
-- paper: MoDS, Du et al. 2023, arXiv 2311.15653
-- ours: the review of the model's answers is a score that you import; a small one asks for the member
-- needs: embeddings, a score
-- param: quality text = reward         quality of a pair, by the paper's reward model or any other score
-- param: threshold number = 0          lowest quality that is kept
-- param: review text = review          score of the answers of the model that the first part trains
-- param: necessary number = 0          highest review of a member that is added
-- param: share number = 0.5 [0..1]     share of the budget that covers the good members
-- param: encoder text = NULL           encoder of the embeddings, if there are several

WITH good AS (
    SELECT
        instruction_id,
        fingerprint,
        vector,
        qualities.value AS quality,
        reviews.value AS review
    FROM embeddings($pool, encoder => $encoder)
    JOIN score($pool, name => $quality) AS qualities USING (instruction_id, fingerprint)
    JOIN score($pool, name => $review) AS reviews USING (instruction_id, fingerprint)
    WHERE qualities.value >= $threshold
),
covering AS (
    SELECT instruction_id, rank
    FROM k_center(
        (SELECT instruction_id, fingerprint, vector FROM good),
        budget => greatest(1, ceil($share * $budget)::INTEGER)
    )
),
candidates AS (
    SELECT
        instruction_id,
        fingerprint,
        vector,
        covering.rank IS NOT NULL AS is_covering
    FROM good
    LEFT JOIN covering USING (instruction_id)
    WHERE covering.rank IS NOT NULL OR review <= $necessary
),
added AS (
    SELECT instruction_id, rank
    FROM k_center((SELECT * FROM candidates), given => 'is_covering', budget => $budget)
),
taken AS (
    SELECT instruction_id, 1 AS part, rank AS place
    FROM covering
    UNION ALL
    SELECT instruction_id, 2 AS part, rank AS place
    FROM added
)
SELECT instruction_id, part, quality, review
FROM taken
JOIN good USING (instruction_id)
ORDER BY part, place, fingerprint
LIMIT $budget
