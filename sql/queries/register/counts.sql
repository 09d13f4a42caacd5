SELECT
    count(*) FILTER (change = 'added') AS n_added,
    count(*) FILTER (change = 'removed') AS n_removed,
    count(*) FILTER (change = 'updated') AS n_updated,
    (
        SELECT count(*)
        FROM pool_members
        WHERE pool_id = $pool_id AND removed_version IS NULL
    ) AS n_before,
    (SELECT count(*) FROM loaded) AS n_distinct
FROM changes
