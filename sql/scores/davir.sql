-- summary: (L_base - L_tuned) / L_base: the relative fall of the loss by fine-tuning.
-- paper: DavIR, Zhou et al. 2023, arXiv 2310.13008
-- inputs: response_loss AS base, tuned_loss AS tuned
--
-- Both losses are means over the response's tokens. The tuned model is tuned on a random warm-up
-- part of the pool, which has no value, with the reason `warm_up`. A base loss of 0 has none either.

SELECT
    instruction_id,
    (base.value - tuned.value) / nullif(base.value, 0) AS value,
    coalesce(base.reason, tuned.reason, CASE WHEN base.value = 0 THEN 'zero_loss' END) AS reason
FROM base
JOIN tuned USING (instruction_id)
