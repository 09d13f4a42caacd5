-- The members of a pool version at a row number, or whose fingerprint begins so; more than one is too many.
SELECT instruction_id, fingerprint, row_number, source, left(prompt, 400) AS prompt
FROM pool_at($pool_id, $version)
WHERE row_number = $row_number OR starts_with(fingerprint, $prefix)
ORDER BY fingerprint
LIMIT 6
