-- summary: Number of characters of the response.
-- inputs: texts

SELECT instruction_id, length(response)::DOUBLE AS value, reason
FROM texts
