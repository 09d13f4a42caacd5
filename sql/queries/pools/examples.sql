SELECT fingerprint, source, prompt, response, rejected, media
FROM pool_at($pool_id, $version)
ORDER BY row_number
LIMIT $n
