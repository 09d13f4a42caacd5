-- summary: Draw uniformly without replacement; a larger budget only adds members.
-- paper: the baseline of every paper here

SELECT instruction_id, uniform_hash(fingerprint, $seed) AS sampled
FROM pool($pool)
ORDER BY sampled, fingerprint
LIMIT $budget
