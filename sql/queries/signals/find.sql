SELECT signal_id, kind, name, identity_sha256, identity, dimension, lance_table, details
FROM signals
WHERE identity_sha256 = $identity_sha256 AND ($or_stale OR stale IS NULL)
