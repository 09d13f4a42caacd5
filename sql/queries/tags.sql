-- name: add
INSERT INTO tags (name, tag, version, tagged_at)
VALUES ($name, $tag, $version, now() AT TIME ZONE 'UTC')

-- name: drop
DELETE FROM tags
WHERE name = $name AND ($version IS NULL OR version = $version)

-- name: remove
DELETE FROM tags
WHERE name = $name AND tag = $tag
