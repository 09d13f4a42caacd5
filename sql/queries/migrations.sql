-- name: applied
SELECT number, name, sha256
FROM migrations
ORDER BY number

-- name: create
CREATE TABLE IF NOT EXISTS migrations (
    number INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL,
    applied_at TIMESTAMP NOT NULL
)

-- name: record
INSERT INTO migrations (number, name, sha256, applied_at)
VALUES ($number, $name, $sha256, now() AT TIME ZONE 'UTC')
