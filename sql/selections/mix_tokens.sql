-- summary: Mix members of several pools and subsets by share of their tokens, with repeats, caps and a budget.
-- param: parts text                      parts with their sizes and repeats, such as alpaca=40%, gsm=30%*3
-- param: size text                       tokens in all, such as 20Mtok, or all
-- param: counted text                    score that counts tokens
-- param: identity text                   beginning of its identity_sha256
-- param: caps text = ''                  most that the tokens of one value may be, a share for each cap

WITH members AS (
    SELECT
        instruction_id,
        fingerprint,
        pool,
        row_number() OVER (PARTITION BY pool ORDER BY rank, shuffle_key(fingerprint, 'mix ' || $seed)) AS turn,
        number::BIGINT AS n_tokens,
        NULL::VARCHAR[][] AS caps
    FROM pools($pool) AS members
    JOIN (
        SELECT instruction_id, value AS number
        FROM score($pool, name => $counted, identity => $identity)
    ) AS counts USING (instruction_id)
)
SELECT instruction_id, pool AS part, copies, n_tokens
FROM mixture((SELECT * FROM members), parts => $parts, budget => $size, caps => $caps)
WHERE left_out IS NULL
ORDER BY place, fingerprint
LIMIT $budget
