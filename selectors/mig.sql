-- summary: Take what adds most to what is known of the labels: high scores, spread over labels that are unlike.
-- paper: MIG, arXiv 2504.13835
-- ours: the authors embed labels by e5-mistral, ours is MiniLM. Their score is the mean over the turns of quality times complexity, which judges give as `mig_quality`; the default reads a score that is imported as deita, which is the sum over turns, the same for one turn
-- needs: labels of the records, a score
-- param: score text = deita            quality, or any other score of 0 or more
-- param: threshold number = 0.9        cosine from which two labels share information
-- param: power number = 0.8            phi(x) = (x + 1e-6)^power: a lower power saturates labels sooner
-- param: encoder text = all-MiniLM-L6-v2  encoder of the labels

WITH labelled AS (
    SELECT instruction_id, fingerprint, labels, scored.value AS score
    FROM pool($pool)
    JOIN score($pool, name => $score) AS scored USING (instruction_id, fingerprint)
    WHERE len(labels) > 0 AND scored.value IS NOT NULL
)
SELECT instruction_id, score, gain
FROM mig(
    (SELECT * FROM labelled),
    (SELECT label, vector FROM label_embeddings($pool, encoder => $encoder)),
    budget => $budget, threshold => $threshold, power => $power
)
ORDER BY rank
