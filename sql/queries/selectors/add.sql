INSERT INTO selectors (name, text, added_at)
VALUES ($name, $text, now() AT TIME ZONE 'UTC')
