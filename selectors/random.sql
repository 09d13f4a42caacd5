-- summary: Draw uniformly without replacement; a larger budget only adds members.
-- paper: the baseline of every paper here

SELECT instruction_id, draw(fingerprint, $seed) AS drawn
FROM pool($pool)
ORDER BY drawn, fingerprint
LIMIT $budget
