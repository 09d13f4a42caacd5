SELECT instruction_id, exp(-scores.value) AS value, scores.reason
FROM wanted
JOIN scores USING (instruction_id)
WHERE scores.signal_id = $response_loss
