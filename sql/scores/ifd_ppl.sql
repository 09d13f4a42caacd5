-- summary: exp(CE(y | x) - CE(y)): the ratio of the perplexities.
-- paper: Superfiltering, Li et al. 2024, arXiv 2402.00530
-- inputs: response_loss, answer_loss
--
-- The selection keeps values below 1, the highest first. The ranking differs from that of `ifd`.

SELECT
    instruction_id,
    exp(response_loss.value - answer_loss.value) AS value,
    coalesce(response_loss.reason, answer_loss.reason) AS reason
FROM response_loss
JOIN answer_loss USING (instruction_id)
