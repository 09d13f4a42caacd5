-- summary: Keep the best-scored member of every group of members with nearly the same embedding.
-- paper: SemDeDup, Abbas et al. 2023, arXiv 2303.09540, which keeps a random one; ours keeps the best by a score
-- needs: embeddings, a score
-- param: score text = deita            score that decides which member stays
-- param: threshold number = 0.95 [0..1]  cosine of the embeddings from which two are duplicates
-- param: encoder text = NULL           encoder of the embeddings, if there are several

WITH grouped AS (
    SELECT instruction_id, fingerprint, duplicate_group, group_size
    FROM near_duplicates(
        (SELECT instruction_id, fingerprint, vector FROM embeddings($pool, encoder => $encoder)),
        threshold => $threshold
    )
),
ranked AS (
    SELECT
        instruction_id,
        fingerprint,
        duplicate_group,
        group_size,
        scores.value AS score,
        row_number() OVER (PARTITION BY duplicate_group ORDER BY scores.value DESC NULLS LAST, fingerprint) AS place
    FROM grouped
    JOIN score($pool, name => $score) AS scores USING (instruction_id, fingerprint)
)
SELECT instruction_id, score, duplicate_group, group_size
FROM ranked
WHERE place = 1
ORDER BY score DESC NULLS LAST, fingerprint
LIMIT $budget
