-- The records that could not be read, of all loads that make up a version.
SELECT file, position, row_number, reason, detail, raw
FROM quarantine
WHERE pool_id = $pool_id
    AND version IN (SELECT load FROM loads_of($pool_id, $version))
    AND ($reason IS NULL OR reason = $reason)
ORDER BY row_number
LIMIT $n
