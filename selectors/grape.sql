-- summary: Of the responses to one prompt, keep the one that the target model finds likeliest.
-- paper: GRAPE, Zhang et al. 2025, arXiv 2502.04194; read from its abstract
-- ours: prompts are drawn at random when the budget holds fewer than there are
-- needs: score response_loss
-- param: score text = response_loss    mean loss of the response under the target model, in nats per token

WITH ranked AS (
    SELECT
        instruction_id,
        fingerprint,
        value AS loss,
        min(fingerprint) OVER (PARTITION BY prompt) AS first_fingerprint,
        count(*) OVER (PARTITION BY prompt) AS responses,
        row_number() OVER (PARTITION BY prompt ORDER BY value, fingerprint) AS place
    FROM pool($pool)
    JOIN score($pool, name => $score) USING (instruction_id, fingerprint)
    WHERE value IS NOT NULL
)
SELECT instruction_id, loss, responses
FROM ranked
WHERE place = 1
ORDER BY shuffle_key(first_fingerprint, 'grape ' || $seed), fingerprint
LIMIT $budget
