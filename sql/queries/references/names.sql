SELECT name, 'pool' AS kind
FROM pools
UNION
SELECT name, 'subset' AS kind
FROM subsets
ORDER BY name
