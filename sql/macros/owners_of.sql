-- Whose maps show the members of a pool or subset: its own first, and then those of the pools that it comes from.
CREATE OR REPLACE TEMP MACRO owners_of(the_kind, the_id) AS TABLE
SELECT
    name,
    1 AS place
FROM pools
WHERE the_kind = 'pool' AND pool_id = the_id
UNION ALL
SELECT
    name,
    1 AS place
FROM subsets
WHERE the_kind = 'subset' AND subset_id = the_id
UNION ALL
SELECT DISTINCT
    pools.name,
    2 AS place
FROM subset_sources
JOIN pools USING (pool_id)
WHERE the_kind = 'subset' AND subset_sources.subset_id = the_id
