SELECT reason, file, count(*) AS n_records
FROM quarantine
WHERE pool_id = $pool_id AND version IN (SELECT load FROM loads_of($pool_id, $version))
GROUP BY reason, file
ORDER BY n_records DESC, reason, file
