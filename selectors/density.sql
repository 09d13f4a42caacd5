-- summary: Draw the more readily, the fewer neighbours a member has.
-- paper: How to Train Data-Efficient LLMs, arXiv 2402.09668 (inverse propensity sampling)
-- needs: embeddings
-- param: encoder text = NULL           encoder of the embeddings, if there are several

WITH densities AS (
    SELECT instruction_id, fingerprint, density
    FROM density((SELECT instruction_id, fingerprint, vector FROM embeddings($pool, encoder => $encoder)))
)
SELECT instruction_id, density
FROM densities
ORDER BY weighted_sample_key(fingerprint, 'density ' || $seed, 1 / density), fingerprint
LIMIT $budget
