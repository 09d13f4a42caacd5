SELECT
    instruction_id,
    exp(response.value - answer.value) AS value,
    coalesce(response.reason, answer.reason) AS reason
FROM wanted
JOIN (SELECT instruction_id, value, reason FROM scores WHERE signal_id = $response_loss) AS response USING (instruction_id)
JOIN (SELECT instruction_id, value, reason FROM scores WHERE signal_id = $answer_loss) AS answer USING (instruction_id)
