SELECT row_number, instruction_id
FROM pool_members
WHERE pool_id = $id
    AND added_version <= $version
    AND (removed_version IS NULL OR removed_version > $version)
ORDER BY row_number
