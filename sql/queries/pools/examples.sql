SELECT fingerprint, source, prompt, response
FROM pool_at($pool_id, $version)
ORDER BY row_number
LIMIT $n
