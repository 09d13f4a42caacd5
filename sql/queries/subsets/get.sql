SELECT
    subset_id, name, version, selector, pool_id, pool_version, budget, seed, n_members,
    definition, definition_sha256, members_sha256, environment, seconds, created_at, selector_text, budget_asked
FROM subsets
WHERE subset_id = $subset_id
