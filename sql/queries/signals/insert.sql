-- A new signal is the newest, whatever the clock says: which of several of one name is read follows from it.
INSERT INTO signals (signal_id, kind, name, identity_sha256, identity, dimension, lance_table, details, created_at)
SELECT
    $signal_id,
    $kind,
    $name,
    $identity_sha256,
    $identity,
    $dimension,
    $lance_table,
    $details,
    greatest(now() AT TIME ZONE 'UTC', max(created_at) + INTERVAL 1 MICROSECOND)
FROM signals
