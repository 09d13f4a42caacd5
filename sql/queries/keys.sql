-- name: fingerprints
SELECT instructions.fingerprint AS key, instructions.instruction_id
FROM members_of($kind, $id, $version)
JOIN instructions USING (instruction_id)

-- name: metadata
-- Members by a key of the records that they were read from.
SELECT metadata->>$column AS key, instruction_id
FROM pool_members
WHERE pool_id = $id
    AND is_member_at(added_version, removed_version, $version)
    AND metadata->>$column IS NOT NULL

-- name: n_pool_rows
SELECT n_rows
FROM pool_versions
WHERE pool_id = $id AND version = $version

-- name: pool_rows
SELECT row_number, instruction_id
FROM pool_members
WHERE pool_id = $id
    AND is_member_at(added_version, removed_version, $version)
ORDER BY row_number

-- name: subset_rows
SELECT rank - 1 AS row_number, instruction_id
FROM subset_members
JOIN subsets USING (subset_id)
WHERE subset_id = $id AND subsets.version = $version
ORDER BY rank
