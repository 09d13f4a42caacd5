-- summary: Share of the response's characters inside fenced code blocks.
-- inputs: texts
--
-- A block begins and ends with three backticks, which count as well; a block that is not closed ends
-- with the response.

SELECT
    instruction_id,
    length(array_to_string(regexp_extract_all(response, '(?s)```.*?(?:```|$)'), ''))::DOUBLE
        / length(response) AS value,
    reason
FROM texts
