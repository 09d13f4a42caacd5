-- summary: Draw members that are likelier under the words of a target than under those of the pool.
-- paper: DSIR, Data Selection for Language Models via Importance Resampling, arXiv 2302.03169: hashed unigrams and bigrams, Gumbel top-k
-- param: target reference              examples of what the model should become good at
-- param: min_words integer = 100 [0..]  words of the shortest member that is drawn, as in the authors' code; 0 draws from all
-- param: text text = conversation {prompt, conversation}  text whose words count
-- param: normalize text = none {none, length}  length is ours: every member weighs as if it had the pool's mean length; the paper's chunks are equally long
-- param: buckets integer = 10000 [1..]  buckets of the hash, as in the authors' code

WITH counted AS (
    SELECT instruction_id, fingerprint, log_ratio, n_ngrams, sum(n_ngrams) OVER () / count(*) OVER () AS mean_ngrams
    FROM hashed_ngrams(
        (SELECT instruction_id, fingerprint, CASE WHEN $text = 'prompt' THEN prompt ELSE concat_ws(chr(10), prompt, response) END AS text FROM pool($pool)),
        (SELECT fingerprint, CASE WHEN $text = 'prompt' THEN prompt ELSE concat_ws(chr(10), prompt, response) END AS text FROM pool($target)),
        buckets => $buckets
    )
),
weighted AS (
    SELECT *, CASE WHEN $normalize = 'length' THEN log_ratio * mean_ngrams / greatest(n_ngrams, 1) ELSE log_ratio END AS log_weight
    FROM counted
),
perturbed AS (
    SELECT *, log_weight - ln(-ln(greatest(uniform_hash(fingerprint, 'dsir ' || $seed), 1e-300))) AS sampled -- a Gumbel number
    FROM weighted
    WHERE (n_ngrams + 1) // 2 >= $min_words -- a text of n words has n - 1 pairs
)
SELECT instruction_id, log_weight, sampled
FROM perturbed
ORDER BY sampled DESC, fingerprint
LIMIT $budget
