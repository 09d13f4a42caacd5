INSERT INTO shards (
    signal_id, shard, n_instructions, n_missing, n_tokens, n_truncated, lance_version, seconds, committed_at, sha256
)
VALUES (
    $signal_id,
    $shard,
    $n_instructions,
    $n_missing,
    $n_tokens,
    $n_truncated,
    $lance_version,
    $seconds,
    now() AT TIME ZONE 'UTC',
    $sha256
)
