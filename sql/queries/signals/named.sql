-- The signals of a kind, the newest first. A stale one is computed anew, never continued.
SELECT signal_id, kind, name, identity_sha256, identity, dimension, lance_table, details
FROM signals
WHERE kind = $kind AND ($name IS NULL OR name = $name) AND stale IS NULL
ORDER BY created_at DESC, signal_id DESC
