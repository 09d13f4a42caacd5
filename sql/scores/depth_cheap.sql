-- summary: CE(y | x) * log(1 + K): depth without fine-tuning.
-- paper: ILA, Wu et al. 2025, arXiv 2509.06463
-- inputs: response_loss, n_labels
--
-- K is the number of distinct labels, 1 without labels. The authors use log K; with log(1 + K) an
-- instruction with one label does not become zero.

SELECT
    instruction_id,
    response_loss.value * ln(1 + coalesce(n_labels.value, 1)) AS value,
    response_loss.reason
FROM response_loss
JOIN n_labels USING (instruction_id)
