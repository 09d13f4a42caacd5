-- summary: Start from a few random members, and always add the one farthest from all that were taken.
-- paper: Self-Evolved Diverse Data Sampling (DiverseEvol), Wu et al. 2023, arXiv 2311.08182
-- ours: one round on stored embeddings; the paper embeds anew with the model that each round trains
-- needs: embeddings
-- param: encoder text = NULL           encoder of the embeddings, if there are several
-- param: initial integer = 100 [1..]   random members at the start

WITH vectors AS (
    SELECT
        instruction_id,
        fingerprint,
        vector,
        row_number() OVER (ORDER BY shuffle_key(fingerprint, 'diverse_evol ' || $seed)) AS place
    FROM embeddings($pool, encoder => $encoder)
),
added AS (
    SELECT instruction_id, fingerprint, rank, distance
    FROM k_center(
        (SELECT instruction_id, fingerprint, vector, place <= $initial AS is_initial FROM vectors),
        given => 'is_initial', budget => greatest(1, $budget - $initial)
    )
),
taken AS (
    SELECT instruction_id, fingerprint, place, NULL AS distance
    FROM vectors
    WHERE place <= $initial
    UNION ALL
    SELECT instruction_id, fingerprint, $initial + rank AS place, distance
    FROM added
)
SELECT instruction_id, distance
FROM taken
ORDER BY place, fingerprint
LIMIT $budget
