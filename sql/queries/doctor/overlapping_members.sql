SELECT count(*) || ' members of pool ' || pool_id || ' belong twice to one version' AS problem
FROM (
    SELECT
        pool_id,
        added_version,
        lag(coalesce(removed_version, 2147483647)) OVER (PARTITION BY pool_id, instruction_id ORDER BY added_version) AS removed_before
    FROM pool_members
)
WHERE removed_before > added_version
GROUP BY pool_id
