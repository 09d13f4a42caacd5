DELETE FROM tags
WHERE name = $name AND tag = $tag
