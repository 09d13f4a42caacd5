-- The newest version of a subset, and what made it.
SELECT version, selector
FROM subsets
WHERE name = $name
ORDER BY version DESC
LIMIT 1
