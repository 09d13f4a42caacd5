-- Why a row was put aside, if it was.
SELECT version, file, position, reason, detail
FROM quarantine
WHERE pool_id = $pool_id
    AND version BETWEEN $since AND $version
    AND row_number = $row_number
ORDER BY version DESC
LIMIT 1
