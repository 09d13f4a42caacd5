-- summary: Take the responses that the model is least sure of.
-- paper: a baseline of SmallToLarge, arXiv 2403.07384: the lowest exp(mean log p) of the response
-- needs: score least_confidence
-- param: score text = least_confidence  exp of the mean log-probability; low means uncertain

SELECT instruction_id, value AS confidence
FROM score($pool, name => $score)
WHERE value IS NOT NULL
ORDER BY value, fingerprint
LIMIT $budget
