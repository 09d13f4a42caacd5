DELETE FROM subset_members
WHERE subset_id IN (SELECT subset_id FROM subsets WHERE name = $name AND ($version IS NULL OR version = $version))
