-- summary: (L_base - L_sft) / T * K: how much fine-tuning lowers the loss, times the labels.
-- paper: ILA, Wu et al. 2025, arXiv 2509.06463
-- inputs: response_loss AS base, tuned_loss AS tuned, n_labels
--
-- L is the summed cross-entropy of the response and T its number of tokens, so L / T is the mean.
-- L_sft is measured after fine-tuning on a random warm-up part of the pool. K is the number of
-- distinct labels, 1 without labels. Negative values are kept. The warm-up part has no value, with
-- the reason `warm_up`.

SELECT
    instruction_id,
    (base.value - tuned.value) * coalesce(n_labels.value, 1) AS value,
    coalesce(base.reason, tuned.reason) AS reason
FROM base
JOIN tuned USING (instruction_id)
JOIN n_labels USING (instruction_id)
