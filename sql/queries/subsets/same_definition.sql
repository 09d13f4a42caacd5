SELECT subset_id, version
FROM subsets
WHERE definition_sha256 = $definition_sha256 AND name = $name
ORDER BY version DESC
LIMIT 1
