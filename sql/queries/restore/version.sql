-- A version that restores an older one: it keeps that one's rows and options, and its own load is empty.
INSERT INTO pool_versions (
    pool_id, version, created_at, mode, restored_from, n_rows, n_members, n_added, n_removed, n_kept, n_updated,
    n_folded, n_quarantined, n_no_input, files, options, seconds
)
SELECT
    pool_id, $version, now() AT TIME ZONE 'UTC', 'restore', $restored_from, n_rows, n_members, $n_added, $n_removed, $n_kept, $n_updated,
    0, 0, 0, '[]', options, $seconds
FROM pool_versions
WHERE pool_id = $pool_id AND version = $restored_from
