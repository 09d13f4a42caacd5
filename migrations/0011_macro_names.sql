-- The macros lot, draw and drawn_key are called shuffle_key, uniform_hash and weighted_sample_key. Every stored text calls them by
-- their new names: `with_new_names` and `definition_with_new_names` are functions of catalog/store/macro_names.py. The columns turn,
-- drawn and taken of the catalog's own selectors are called round, sampled and selected. A user's own columns keep their names.
CREATE TEMP TABLE built_in AS
SELECT subset_id
FROM subsets
WHERE (selector, sha256(definition ->> 'sql')) IN (
    ('confidence_curriculum', '44627403931e5d4373f82f3b2c6bdf2f90092f3a18eeb5084014a4683bebc89a'),
    ('coverage_only', '68fdd08d47fb9ef461e8a7c6bd9d8de6e7f2d50df7fbbee1c3d9b79f95982985'),
    ('fisher_sft', '4eb5f61cea453f750d20cfc63e555efb0cbbcb3d2cc6f72775f7b96289e06f41'),
    ('ila', 'e8d6d9bc5e32ab1f380e031e787c31d2584f8f6d5982dd12405a330f2efb134a'),
    ('ila_kmeans', 'c82f5ffd92dda90f6c642febf93c4bf86868be005e422ab00a5b04959122f2ab'),
    ('random', '3dd117c613e522a0c3cc203a685d2d30b9bfe81364a38733260e5839e9b33b1a'),
    ('s2l', '16a54e4e58bd43bbe34bdfdc4fbd21c3e199a744d8a3de80744522bb97dbc860'),
    ('s2l_by_source', '2ac1d4839af2ba6b53593234e8cad3b420d400011d01f553a25eb233c6b1385e')
);

UPDATE subset_members
SET why = CAST(replace(replace(CAST(why AS VARCHAR), '"turn":', '"round":'), '"drawn":', '"sampled":') AS JSON)
WHERE subset_id IN (FROM built_in);

UPDATE subsets
SET
    definition = definition_with_new_names(definition, subset_id IN (FROM built_in)),
    definition_sha256 = CASE
        WHEN definition_sha256 = definition_sha256_of(definition)
            THEN definition_sha256_of(definition_with_new_names(definition, subset_id IN (FROM built_in)))
        ELSE definition_sha256 -- made by 0.1
    END,
    selector_text = with_new_names(selector_text, subset_id IN (FROM built_in));

UPDATE selectors
SET text = with_new_names(text, false);

UPDATE score_definitions
SET text = with_new_names(text, false);

DROP TABLE built_in;
