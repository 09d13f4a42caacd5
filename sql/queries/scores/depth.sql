-- Means over the same tokens, so that their difference is (L_base - L_sft) / T.
SELECT
    instruction_id,
    (base.value - tuned.value) * coalesce(n_labels.value, 1) AS value,
    coalesce(base.reason, tuned.reason) AS reason
FROM wanted
JOIN (SELECT instruction_id, value, reason FROM scores WHERE signal_id = $base) AS base USING (instruction_id)
JOIN (SELECT instruction_id, value, reason FROM scores WHERE signal_id = $tuned) AS tuned USING (instruction_id)
JOIN (SELECT instruction_id, value FROM scores WHERE signal_id = $n_labels) AS n_labels USING (instruction_id)
