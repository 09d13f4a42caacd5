SELECT tag, version
FROM tags
WHERE name = $name
