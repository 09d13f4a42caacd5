INSERT INTO migrations (number, name, sha256, applied_at)
VALUES ($number, $name, $sha256, now() AT TIME ZONE 'UTC')
