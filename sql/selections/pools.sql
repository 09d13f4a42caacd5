-- summary: Join several pools and subsets, each member once.

SELECT instruction_id
FROM pools($pool)
ORDER BY fingerprint
LIMIT $budget
