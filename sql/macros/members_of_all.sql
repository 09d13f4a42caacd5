-- Who belongs to any of several pools and subsets, a list of {kind, id, version}; a member of two is there twice.
CREATE OR REPLACE TEMP MACRO members_of_all(the_sources) AS TABLE
SELECT pool_members.instruction_id
FROM (SELECT unnest(the_sources, recursive := true)) AS sources
JOIN pool_members
    ON pool_members.pool_id = sources.id
    AND is_member_at(pool_members.added_version, pool_members.removed_version, sources.version)
WHERE sources.kind = 'pool'
UNION ALL
SELECT subset_members.instruction_id
FROM (SELECT unnest(the_sources, recursive := true)) AS sources
JOIN subset_members ON subset_members.subset_id = sources.id
WHERE sources.kind = 'subset'
