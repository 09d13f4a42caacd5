-- summary: Keep the members that a judge scores at or above a threshold, the best first.
-- paper: AlpaGasus, Chen et al., ICLR 2024, arXiv 2307.08701, which keeps ChatGPT's scores of 4.5 and more
-- ours: above the threshold the best come first, so that a budget keeps the best
-- needs: a score
-- param: score text = alpagasus        score of a judge
-- param: threshold number = 4.5        lowest score that is kept

SELECT instruction_id, value AS score
FROM score($pool, name => $score)
WHERE value >= $threshold
ORDER BY value DESC, fingerprint
LIMIT $budget
