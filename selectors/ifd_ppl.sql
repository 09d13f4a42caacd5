-- summary: Take the highest ratio of perplexities, with the prompt and without, below 1.
-- paper: Superfiltering, arXiv 2402.00530
-- needs: score ifd_ppl
-- param: score text = ifd_ppl          exp of the difference of the two mean losses
-- param: below number = 1              members at or above it are dropped: the prompt misleads

SELECT instruction_id, value AS ifd_ppl
FROM score($pool, name => $score)
WHERE value < $below
ORDER BY value DESC, fingerprint
LIMIT $budget
