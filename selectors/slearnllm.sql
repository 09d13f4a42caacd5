-- summary: Keep what the model answers wrongly: the members whose answers a judge or a match scores low.
-- paper: SLearnLLM, Liu et al. 2025, arXiv 2505.17470; read from its abstract
-- ours: the grade of the model's own answer is a score that you import; wrong members are drawn at random
-- needs: a score
-- param: score text = correctness      grade of the model's answer: 1 for an exact match, or a judge's
-- param: threshold number = 0.5        lowest grade of a right answer

SELECT instruction_id, value AS grade
FROM score($pool, name => $score)
WHERE value < $threshold
ORDER BY shuffle_key(fingerprint, 'slearnllm ' || $seed), fingerprint
LIMIT $budget
