-- summary: CE(y | x) / CE(y): how little the prompt helps to predict the answer.
-- paper: Cherry LLM, Li et al. 2023, arXiv 2308.12032
-- inputs: response_loss, answer_loss
-- form: cherry
--
-- The selection drops values above 1 and keeps the highest. Three forms differ in their text:
-- * cherry, as in the authors' code: the answer follows Alpaca's prompt, and `### Response:` alone.
--   No end of sequence is scored.
-- * superfiltering: see `ifd_ppl`.
-- * symmetric is ours: the answer follows the model's own template, and the start token alone. The
--   end of sequence is scored in both.
-- In all forms an answer that the window cuts has no value; the authors score the part inside.

SELECT
    instruction_id,
    response_loss.value / answer_loss.value AS value,
    coalesce(response_loss.reason, answer_loss.reason) AS reason
FROM response_loss
JOIN answer_loss USING (instruction_id)
