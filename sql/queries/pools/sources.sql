SELECT source, count(*) AS n_members
FROM pool_members
WHERE pool_id = $pool_id
    AND added_version <= $version
    AND (removed_version IS NULL OR removed_version > $version)
GROUP BY source
ORDER BY n_members DESC, source
