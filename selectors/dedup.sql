-- summary: Keep one member of every group of near-duplicate texts.
-- paper: MinHash, Broder 1997; the groups are exact where MinHash brings a pair up
-- ours: which member of a group stays
-- param: field text = both {prompt, response, both}  text that is compared
-- param: threshold number = 0.8 [0..1]  Jaccard similarity of the texts from which two are duplicates; 1 for equal sets
-- param: unit text = characters {characters, words}  what shingles are made of
-- param: shingle integer = 5 [1..64]   characters or words of a shingle
-- param: keep text = longest {longest, first, random}  member of a group that stays

WITH texts AS (
    SELECT
        instruction_id,
        fingerprint,
        row_number,
        length(prompt) + length(response) AS characters,
        CASE $field WHEN 'prompt' THEN prompt WHEN 'response' THEN response ELSE prompt || chr(10) || response END AS text
    FROM pool($pool)
),
grouped AS (
    SELECT instruction_id, fingerprint, row_number, characters, duplicate_group, group_size
    FROM near_duplicates(
        (SELECT * FROM texts), by => 'text', threshold => $threshold, unit => $unit, shingle => $shingle
    )
),
ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY duplicate_group
            ORDER BY
                CASE $keep WHEN 'longest' THEN -characters WHEN 'first' THEN row_number ELSE 0 END,
                shuffle_key(fingerprint, 'dedup ' || $seed)
        ) AS place
    FROM grouped
)
SELECT instruction_id, duplicate_group, group_size
FROM ranked
WHERE place = 1
ORDER BY shuffle_key(fingerprint, 'dedup ' || $seed)
LIMIT $budget
