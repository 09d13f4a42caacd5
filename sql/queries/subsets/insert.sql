INSERT INTO subsets (
    subset_id, name, version, created_at, selector, pool_id, pool_version, budget, seed, n_members,
    definition, definition_sha256, members_sha256, environment, seconds, selector_text, budget_asked
)
VALUES (
    $subset_id, $name, $version, now() AT TIME ZONE 'UTC', $selector, $pool_id, $pool_version, $budget, $seed, $n_members,
    $definition, $definition_sha256, $members_sha256, $environment, $seconds, $selector_text, $budget_asked
)
