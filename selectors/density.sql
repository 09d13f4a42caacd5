-- summary: Sample members with fewer neighbours more often.
-- paper: How to Train Data-Efficient LLMs, arXiv 2402.09668 (inverse propensity sampling)
-- ours: the density is exact over a sample of kernels, where the paper sketches it, and so is the default bandwidth
-- needs: embeddings
-- param: encoder text = NULL           encoder of the embeddings, if there are several
-- param: bandwidth number = NULL [0..]  reach of the Gaussian kernel; NULL: a quarter of the median distance

WITH densities AS (
    SELECT instruction_id, fingerprint, density, 1 / density AS weight
    FROM density(
        (SELECT instruction_id, fingerprint, vector FROM embeddings($pool, encoder => $encoder)),
        bandwidth => $bandwidth
    )
),
-- Members that a uniform draw of the same variance has: all of them where no weight matters.
-- Summed in a fixed order: the sum of fractions depends on the order of addition.
total AS (
    SELECT
        list_sum(list(weight ORDER BY fingerprint)) ** 2
            / list_sum(list(weight ** 2 ORDER BY fingerprint)) AS effective_sample
    FROM densities
)
SELECT instruction_id, density, effective_sample
FROM densities, total
ORDER BY weighted_sample_key(fingerprint, 'density ' || $seed, weight), fingerprint
LIMIT $budget
