-- name: pairs
-- The members that share a run of words with an item of a test set, in the catalog's dialect.
SELECT
    fingerprint,
    prompt,
    test_fingerprint,
    hits,
    share,
    span
FROM overlap(
    (SELECT fingerprint, concat_ws(chr(10), prompt, response) AS text FROM pool($reference)),
    (SELECT fingerprint, concat_ws(chr(10), prompt, response) AS text FROM pool($test)),
    n => $ngram
)
JOIN (SELECT fingerprint, prompt FROM pool($reference)) AS members USING (fingerprint)
ORDER BY share DESC, fingerprint, test_fingerprint

-- name: texts
SELECT concat_ws(chr(10), prompt, response) AS text
FROM pool($test)
