SELECT
    instruction_id,
    response.value * ln(1 + coalesce(n_labels.value, 1)) AS value,
    response.reason
FROM wanted
JOIN (SELECT instruction_id, value, reason FROM scores WHERE signal_id = $response_loss) AS response USING (instruction_id)
JOIN (SELECT instruction_id, value FROM scores WHERE signal_id = $n_labels) AS n_labels USING (instruction_id)
