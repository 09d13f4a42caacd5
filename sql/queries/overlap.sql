-- name: ids
-- The members of several pools and subsets, each once.
SELECT DISTINCT instruction_id
FROM members_of_all($sources)
ORDER BY instruction_id

-- name: new_items
-- The items of a test set that no group of a method has.
SELECT DISTINCT instruction_id
FROM members_of($kind, $id, $version)
ANTI JOIN (
    SELECT overlap_items.instruction_id
    FROM overlap_items
    JOIN overlap_groups USING (group_id)
    WHERE overlap_groups.method = $method
) AS known USING (instruction_id)
ORDER BY instruction_id

-- name: groups
-- The groups of a method that have an item of a test set.
SELECT DISTINCT overlap_groups.group_id
FROM overlap_groups
JOIN overlap_items USING (group_id)
SEMI JOIN (SELECT instruction_id FROM members_of($kind, $id, $version)) AS items USING (instruction_id)
WHERE overlap_groups.method = $method
ORDER BY overlap_groups.group_id

-- name: items_of_group
SELECT instruction_id
FROM overlap_items
WHERE group_id = $group_id
ORDER BY instruction_id

-- name: not_compared
-- The wanted members that a group was not compared with.
SELECT instruction_id
FROM wanted_ids
ANTI JOIN (SELECT instruction_id FROM overlap_members WHERE group_id = $group_id) AS known USING (instruction_id)
ORDER BY instruction_id

-- name: texts
-- What is compared of some instructions: prompt and response.
SELECT instruction_id, fingerprint, concat_ws(chr(10), prompt_of(messages), response_of(messages)) AS text
FROM instructions
SEMI JOIN wanted_ids USING (instruction_id)

-- name: fingerprints
SELECT instruction_id, fingerprint
FROM instructions
SEMI JOIN wanted_ids USING (instruction_id)
ORDER BY instruction_id

-- name: add_group
INSERT INTO overlap_groups (group_id, method, compared_at)
VALUES ($group_id, $method, now() AT TIME ZONE 'UTC')

-- name: add_items
INSERT INTO overlap_items (group_id, instruction_id, n_words)
SELECT $group_id, instruction_id, n_words
FROM new_items

-- name: n_known
-- How many of some items another process has compared meanwhile.
SELECT count(*)
FROM overlap_items
JOIN overlap_groups USING (group_id)
SEMI JOIN new_items USING (instruction_id)
WHERE overlap_groups.method = $method

-- name: add_pairs
-- Pairs of members that the group does not have yet: another process may have compared them meanwhile.
INSERT INTO overlap_pairs (group_id, instruction_id, test_instruction_id, hits, share, span)
SELECT $group_id, instruction_id, test_instruction_id, hits, share, span
FROM new_pairs
ANTI JOIN (SELECT instruction_id FROM overlap_members WHERE group_id = $group_id) AS known USING (instruction_id)

-- name: add_members
INSERT INTO overlap_members (group_id, instruction_id)
SELECT $group_id, instruction_id
FROM wanted_ids
ANTI JOIN (SELECT instruction_id FROM overlap_members WHERE group_id = $group_id) AS known USING (instruction_id)

-- name: pairs
-- The pairs of wanted members and the items of a test set.
SELECT
    members.fingerprint,
    prompt_of(members.messages) AS prompt,
    items.fingerprint AS test_fingerprint,
    overlap_pairs.hits,
    overlap_pairs.share,
    overlap_pairs.span
FROM overlap_pairs
JOIN overlap_groups USING (group_id)
SEMI JOIN wanted_ids USING (instruction_id)
SEMI JOIN (SELECT instruction_id FROM members_of($kind, $id, $version)) AS test
    ON test.instruction_id = overlap_pairs.test_instruction_id
JOIN instructions AS members ON members.instruction_id = overlap_pairs.instruction_id
JOIN instructions AS items ON items.instruction_id = overlap_pairs.test_instruction_id
WHERE overlap_groups.method = $method
ORDER BY overlap_pairs.share DESC, members.fingerprint, items.fingerprint

-- name: pair_ids
SELECT overlap_pairs.instruction_id, overlap_pairs.test_instruction_id
FROM overlap_pairs
JOIN overlap_groups USING (group_id)
SEMI JOIN wanted_ids USING (instruction_id)
WHERE overlap_groups.method = $method

-- name: n_items
-- How many items a test set has, how many of them have fewer words than a run, and how many too few to be compared.
SELECT
    count(*) AS n_items,
    count(*) FILTER (n_words >= $shortest AND n_words < $ngram) AS n_short,
    count(*) FILTER (n_words < $shortest) AS n_skipped
FROM overlap_items
JOIN overlap_groups USING (group_id)
SEMI JOIN (SELECT instruction_id FROM members_of($kind, $id, $version)) AS items USING (instruction_id)
WHERE overlap_groups.method = $method

-- name: eval_pools
-- The newest version of every pool that nothing is selected from.
SELECT pools.name, max(pool_versions.version) AS version, pools.pool_id
FROM pools
JOIN pool_versions USING (pool_id)
WHERE pools.purpose = 'eval'
GROUP BY pools.name, pools.pool_id
ORDER BY pools.name
