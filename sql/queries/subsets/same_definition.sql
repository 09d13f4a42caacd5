SELECT subset_id, name, version
FROM subsets
WHERE definition_sha256 = $definition_sha256
ORDER BY name = $name DESC, subset_id DESC
LIMIT 1
