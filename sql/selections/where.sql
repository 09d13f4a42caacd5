-- summary: Keep the members that meet a condition.

SELECT instruction_id
FROM pool($pool) AS members
LEFT JOIN (SELECT * EXCLUDE (fingerprint) FROM scores($pool)) AS scores USING (instruction_id)
WHERE (true)
ORDER BY fingerprint
LIMIT $budget
