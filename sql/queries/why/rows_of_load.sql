-- How many rows the loads behind a pool version had, and since which version nothing was replaced.
SELECT
    max(n_rows) FILTER (WHERE version = $version) AS n_rows,
    coalesce(max(version) FILTER (WHERE mode = 'replace'), 1) AS since
FROM pool_versions
WHERE pool_id = $pool_id AND version <= $version
