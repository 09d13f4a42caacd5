INSERT INTO pool_versions (
    pool_id, version, created_at, mode, n_rows, n_members, n_added, n_removed, n_kept, n_updated,
    n_folded, n_quarantined, n_no_input, files, options, seconds
)
VALUES (
    $pool_id, $version, now() AT TIME ZONE 'UTC', $mode, $n_rows, $n_members, $n_added, $n_removed, $n_kept, $n_updated,
    $n_folded, $n_quarantined, $n_no_input, $files, $options, $seconds
)
