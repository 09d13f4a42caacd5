-- summary: Take the best by score, each unlike all that were taken before.
-- paper: DEITA, arXiv 2312.15685
-- ours: any score serves; the paper sums complexity times quality over the turns. The paper embeds the whole conversation.
-- ours: After `embed --field conversation` so does this. Otherwise it compares prompts, and a threshold of 0.9 rejects fewer
-- needs: embeddings, a score
-- param: score text = deita            complexity times quality, or any other score
-- param: threshold number = 0.9        highest cosine similarity to a selected member
-- param: encoder text = NULL           encoder of the embeddings, if there are several

WITH scored AS (
    SELECT instruction_id, fingerprint, vector, scored.value AS score
    FROM embeddings($pool, encoder => $encoder, prefer => 'conversation')
    JOIN score($pool, name => $score) AS scored USING (instruction_id, fingerprint)
    WHERE scored.value IS NOT NULL
)
SELECT instruction_id, score, nearest_similarity
FROM diverse((SELECT * FROM scored), threshold => $threshold, budget => $budget)
ORDER BY rank, fingerprint
