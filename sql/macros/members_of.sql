-- Who belongs to a version of a pool or to a subset.
CREATE OR REPLACE TEMP MACRO members_of(the_kind, the_id, the_version) AS TABLE
SELECT instruction_id
FROM pool_members
WHERE the_kind = 'pool'
    AND pool_id = the_id
    AND added_version <= the_version
    AND (removed_version IS NULL OR removed_version > the_version)
UNION ALL
SELECT instruction_id
FROM subset_members
WHERE the_kind = 'subset' AND subset_id = the_id
