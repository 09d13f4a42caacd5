-- summary: Keep the members that share no run of words with an item of a test set.
-- paper: Brown et al., arXiv 2005.14165, appendix C
-- param: test text                       pool or subset that holds the test items
-- param: ngram integer = 13 [1..64]      words of a run

WITH shared AS (
    SELECT
        fingerprint,
        arg_max(
            'shares ' || $ngram || '-grams with ' || $test || ' ' || test_fingerprint[:12] || ': ' || span,
            (share, test_fingerprint)
        ) AS overlap
    FROM overlap(
        (SELECT fingerprint, concat_ws(chr(10), prompt, response) AS text FROM pool($pool)),
        (SELECT fingerprint, concat_ws(chr(10), prompt, response) AS text FROM pool($test)),
        n => $ngram
    )
    GROUP BY fingerprint
)
SELECT members.instruction_id
FROM pool($pool) AS members
LEFT JOIN shared ON shared.fingerprint = members.fingerprint
WHERE shared.overlap IS NULL
ORDER BY members.fingerprint
LIMIT $budget
