-- summary: Take the highest instruction-following difficulty that is not above 1.
-- paper: From Quantity to Quality (Cherry LLM), arXiv 2308.12032
-- needs: score ifd
-- param: score text = ifd              loss of the response given the prompt over loss of the response alone
-- param: most number = 1               members above it are dropped: the prompt misleads

SELECT instruction_id, value AS ifd
FROM score($pool, name => $score)
WHERE value <= $most
ORDER BY value DESC, fingerprint
LIMIT $budget
