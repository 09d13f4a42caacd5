-- name: add
INSERT INTO selectors (name, text, added_at)
VALUES ($name, $text, now() AT TIME ZONE 'UTC')

-- name: get
SELECT text, added_at
FROM selectors
WHERE name = $name

-- name: remove
DELETE FROM selectors
WHERE name = $name
