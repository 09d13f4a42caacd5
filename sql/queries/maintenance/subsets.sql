SELECT subset_id, name, version, members_sha256
FROM subsets
ORDER BY subset_id
