-- summary: Share of the response's runs of three words that occurred before in it.
-- inputs: texts
--
-- Words are lower case and separated by white space. A response of fewer than three words has no
-- run and the value 0.

WITH words AS (
    SELECT instruction_id, regexp_extract_all(lower(response), '\S+') AS words, reason
    FROM texts
),
runs AS (
    SELECT
        instruction_id,
        list_transform(
            range(1, greatest(len(words) - 1, 1)),
            lambda i: concat_ws(' ', words[i], words[i + 1], words[i + 2])
        ) AS runs,
        reason
    FROM words
)
SELECT
    instruction_id,
    coalesce(1 - len(list_distinct(runs))::DOUBLE / nullif(len(runs), 0), 0) AS value,
    reason
FROM runs
