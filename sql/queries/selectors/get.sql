SELECT text, added_at
FROM selectors
WHERE name = $name
