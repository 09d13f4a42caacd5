INSERT INTO signals (signal_id, kind, name, identity_sha256, identity, dimension, lance_table, details, created_at)
VALUES ($signal_id, $kind, $name, $identity_sha256, $identity, $dimension, $lance_table, $details, now() AT TIME ZONE 'UTC')
