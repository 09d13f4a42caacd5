-- summary: exp(mean log p(y | x)): the lowest values are the least confident.
-- paper: SmallToLarge, Yang et al. 2024, arXiv 2403.07384, section 5
-- inputs: response_loss
--
-- The geometric mean of the probabilities of the response tokens. The selection takes the lowest.

SELECT instruction_id, exp(-value) AS value, reason
FROM response_loss
