-- The members of an older version, as if they were a load.
CREATE TEMP TABLE loaded AS
SELECT instruction_id, row_number, source, labels, metadata
FROM pool_members
WHERE pool_id = $pool_id
    AND added_version <= $version
    AND (removed_version IS NULL OR removed_version > $version)
