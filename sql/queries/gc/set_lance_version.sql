UPDATE shards
SET lance_version = $lance_version
WHERE signal_id = $signal_id AND lance_version IS NOT NULL AND lance_version <> $lance_version
