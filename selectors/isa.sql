-- summary: Take the members that add most to the entropy of a Gaussian mixture of the embeddings.
-- paper: ISA, a method of the papers beside ILA; its formulas are not public
-- ours: everything but the idea, the entropy of a Gaussian mixture: it is the mean of the members' surprisal
-- needs: embeddings
-- param: measure text = surprisal {surprisal, ambiguity}  -log p(x), or the entropy of the components given the member
-- param: k integer = 10 [1..]          components of the mixture
-- param: variance number = 0.5 [0..1]  share of the variance that the principal components keep
-- param: encoder text = NULL           encoder of the embeddings, if there are several

WITH described AS (
    SELECT instruction_id, fingerprint, component, surprisal, ambiguity
    FROM gaussian_mixture(
        (
            SELECT * FROM pca(
                (SELECT instruction_id, fingerprint, vector FROM embeddings($pool, encoder => $encoder)),
                variance => $variance
            )
        ),
        k => $k, seed => $seed
    )
)
SELECT instruction_id, component, surprisal, ambiguity
FROM described
ORDER BY CASE WHEN $measure = 'surprisal' THEN surprisal ELSE ambiguity END DESC, fingerprint
LIMIT $budget
