SELECT name || '@' || version AS subset
FROM subsets
WHERE pool_id = $pool_id
ORDER BY name, version
