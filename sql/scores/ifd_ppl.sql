-- summary: exp(CE(y | x) - CE(y)): the ratio of the perplexities.
-- paper: Superfiltering, Li et al. 2024, arXiv 2402.00530
-- inputs: response_loss, answer_loss
-- form: superfiltering
--
-- The selection keeps values below 1, the highest first. The ranking differs from that of `ifd`.
-- The form superfiltering is that of the authors' code: the answer follows the plain prompt and a
-- line break. Without the prompt the first token of the text is not scored: the answer's own, or
-- the start token where the tokenizer writes one. No end of sequence is scored. `ifd` has the other
-- forms.

SELECT
    instruction_id,
    exp(response_loss.value - answer_loss.value) AS value,
    coalesce(response_loss.reason, answer_loss.reason) AS reason
FROM response_loss
JOIN answer_loss USING (instruction_id)
