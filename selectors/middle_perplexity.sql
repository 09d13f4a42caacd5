-- summary: Take the middle of the perplexity ranking.
-- paper: When Less is More, arXiv 2309.04564; a baseline of SmallToLarge, arXiv 2403.07384
-- needs: score perplexity
-- param: score text = perplexity       score to rank by

WITH ranked AS (
    SELECT
        instruction_id,
        fingerprint,
        value AS perplexity,
        row_number() OVER (ORDER BY value, fingerprint) AS place,
        count(*) OVER () AS n_places
    FROM score($pool, name => $score)
    WHERE value IS NOT NULL
)
SELECT instruction_id, perplexity, place, n_places
FROM ranked
ORDER BY abs(2 * place - n_places - 1), place
LIMIT $budget
