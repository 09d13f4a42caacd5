-- summary: Take the longest responses, counted in tokens.
-- paper: Long Is More for Alignment, arXiv 2402.04833
-- needs: score n_tokens
-- param: score text = n_tokens         score that measures length

SELECT instruction_id, value AS n_tokens
FROM score($pool, name => $score)
WHERE value IS NOT NULL
ORDER BY value DESC, fingerprint
LIMIT $budget
