SELECT name, text
FROM selectors
ORDER BY name
