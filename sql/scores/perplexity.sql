-- summary: exp(CE(y | x)): the perplexity of the response.
-- paper: SmallToLarge, Yang et al. 2024, arXiv 2403.07384, section 5
-- inputs: response_loss

SELECT instruction_id, exp(value) AS value, reason
FROM response_loss
