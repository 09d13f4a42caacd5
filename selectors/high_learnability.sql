-- summary: Take what the proxy learnt most of: the largest fall of its loss.
-- paper: a baseline of SmallToLarge, arXiv 2403.07384, after arXiv 2206.07137
-- needs: score learnability
-- param: score text = learnability     loss before minus loss after training

SELECT instruction_id, value AS learnability
FROM score($pool, name => $score)
WHERE value IS NOT NULL
ORDER BY value DESC, fingerprint
LIMIT $budget
