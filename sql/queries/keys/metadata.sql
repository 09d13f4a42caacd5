-- Members by a key of the records that they were read from.
SELECT metadata->>$column AS key, instruction_id
FROM pool_members
WHERE pool_id = $id
    AND added_version <= $version
    AND (removed_version IS NULL OR removed_version > $version)
    AND metadata->>$column IS NOT NULL
