SELECT file, position, row_number, reason, detail, raw
FROM quarantine
WHERE pool_id = $pool_id AND version = $version AND ($reason IS NULL OR reason = $reason)
ORDER BY row_number
LIMIT $n
