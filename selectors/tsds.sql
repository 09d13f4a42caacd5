-- summary: Draw members whose distribution matches that of a target, near-duplicates together as often as one.
-- paper: TSDS, Data Selection for Task-Specific Model Finetuning, arXiv 2410.11303; its authors draw with replacement, a subset holds every member once
-- needs: embeddings
-- param: target reference              examples of what the model should become good at
-- param: encoder text = NULL           encoder of the embeddings, if there are several
-- param: sigma number = 0.75 [0..1.41]  distance of unit vectors within which members are near-duplicates
-- param: alpha number = 0.5 [0..1]     weight of closeness to the target against diversity
-- param: neighbors integer = 5000 [2..]  nearest members of an example that can be drawn, at most a tenth of the pool

WITH weighted AS (
    SELECT instruction_id, fingerprint, probability
    FROM tsds(
        (SELECT instruction_id, fingerprint, vector FROM embeddings($pool, encoder => $encoder)),
        (SELECT fingerprint, vector FROM embeddings($target, encoder => $encoder)),
        sigma => $sigma, alpha => $alpha, neighbors => $neighbors
    )
    WHERE probability > 0
)
SELECT instruction_id, probability, weighted_sample_key(fingerprint, 'tsds ' || $seed, probability) AS sampled
FROM weighted
ORDER BY sampled, fingerprint
LIMIT $budget
