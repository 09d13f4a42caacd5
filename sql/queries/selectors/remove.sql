DELETE FROM selectors
WHERE name = $name
