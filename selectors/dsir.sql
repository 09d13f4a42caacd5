-- summary: Draw members that are likelier under the words of a target than under those of the pool.
-- paper: DSIR, Data Selection for Language Models via Importance Resampling, arXiv 2302.03169: hashed unigrams and bigrams, Gumbel top-k
-- param: target reference              examples of what the model should become good at
-- param: text text = conversation {prompt, conversation}  text whose words count
-- param: buckets integer = 10000 [1..]  buckets of the hash, as in the authors' code

WITH weighted AS (
    SELECT instruction_id, fingerprint, log_ratio
    FROM hashed_ngrams(
        (SELECT instruction_id, fingerprint, CASE WHEN $text = 'prompt' THEN prompt ELSE concat_ws(chr(10), prompt, response) END AS text FROM pool($pool)),
        (SELECT fingerprint, CASE WHEN $text = 'prompt' THEN prompt ELSE concat_ws(chr(10), prompt, response) END AS text FROM pool($target)),
        buckets => $buckets
    )
),
perturbed AS (
    SELECT *, log_ratio - ln(-ln(greatest(uniform_hash(fingerprint, 'dsir ' || $seed), 1e-300))) AS sampled -- a Gumbel number
    FROM weighted
)
SELECT instruction_id, log_ratio, sampled
FROM perturbed
ORDER BY sampled DESC, fingerprint
LIMIT $budget
