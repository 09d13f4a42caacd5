-- What a selection needs to know of a pool or subset.
SELECT
    (SELECT count(*) FROM members_of($kind, $id, $version)) AS n_members,
    coalesce((SELECT is_prompts_only FROM pools WHERE $kind = 'pool' AND pool_id = $id), false) AS is_prompts_only
