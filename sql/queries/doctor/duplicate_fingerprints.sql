SELECT 'instruction ' || fingerprint || ' is stored ' || count(*) || ' times' AS problem
FROM instructions
GROUP BY fingerprint
HAVING count(*) > 1
