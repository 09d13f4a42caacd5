DELETE FROM subsets
WHERE name = $name AND ($version IS NULL OR version = $version)
