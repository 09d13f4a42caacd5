-- Why a row was put aside, if it was, by one of the loads that make up a version.
SELECT file, position, reason, detail
FROM quarantine
WHERE pool_id = $pool_id
    AND version IN (SELECT load FROM loads_of($pool_id, $version))
    AND row_number = $row_number
LIMIT 1
