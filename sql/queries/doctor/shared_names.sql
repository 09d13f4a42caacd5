SELECT 'the name ' || name || ' is given to ' || count(*) || ' pools or subsets' AS problem
FROM (
    SELECT name
    FROM pools
    UNION ALL
    SELECT DISTINCT name
    FROM subsets
)
GROUP BY name
HAVING count(*) > 1
