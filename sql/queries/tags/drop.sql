DELETE FROM tags
WHERE name = $name AND ($version IS NULL OR version = $version)
