-- The version of a signal's vector table that readers take.
SELECT max(lance_version)
FROM shards
WHERE signal_id = $signal_id
