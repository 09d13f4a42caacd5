-- The loads that make up a version of a pool, by their versions: back to the last replace, through what was restored.
CREATE OR REPLACE TEMP MACRO loads_of(the_pool_id, the_version) AS TABLE
WITH RECURSIVE versions AS (
    SELECT
        version,
        mode,
        restored_from,
        coalesce(max(CASE WHEN mode <> 'append' THEN version END) OVER (ORDER BY version), 1) AS base  -- that appends stand on
    FROM pool_versions
    WHERE pool_id = the_pool_id
),
reached AS (
    SELECT version, base
    FROM versions
    WHERE version = the_version
    UNION ALL
    SELECT restored.version, restored.base
    FROM reached
    JOIN versions AS base ON base.version = reached.base AND base.mode = 'restore'
    JOIN versions AS restored ON restored.version = base.restored_from
)
SELECT versions.version AS load
FROM reached
JOIN versions ON versions.version BETWEEN reached.base AND reached.version AND versions.mode <> 'restore'
