-- summary: CE(y | x) / CE(y): how little the prompt helps to predict the answer.
-- paper: Cherry LLM, Li et al. 2023, arXiv 2308.12032
-- inputs: response_loss, answer_loss
--
-- The selection drops values above 1 and keeps the highest.

SELECT
    instruction_id,
    response_loss.value / answer_loss.value AS value,
    coalesce(response_loss.reason, answer_loss.reason) AS reason
FROM response_loss
JOIN answer_loss USING (instruction_id)
