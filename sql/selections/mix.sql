-- summary: Mix rows of several pools and subsets by share, with repeats, caps and a budget.
-- param: parts text                      parts with their sizes and repeats, such as alpaca=40%, gsm=30%*3
-- param: size text                       rows in all, such as 5000, or all
-- param: caps text = ''                  most that the rows of one value may be, a share for each cap

WITH members AS (
    SELECT
        instruction_id,
        fingerprint,
        pool,
        row_number() OVER (PARTITION BY pool ORDER BY rank, shuffle_key(fingerprint, 'mix ' || $seed)) AS turn,
        1::BIGINT AS n_tokens,
        NULL::VARCHAR[][] AS caps
    FROM pools($pool) AS members
)
SELECT instruction_id, pool AS part, copies
FROM mixture((SELECT * FROM members), parts => $parts, budget => $size, caps => $caps)
WHERE left_out IS NULL
ORDER BY place, fingerprint
LIMIT $budget
