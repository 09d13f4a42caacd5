-- summary: Take what fine-tuning makes easier, relative to how hard it was: (L_base - L_tuned) / L_base.
-- paper: DavIR, Zhou et al. 2023, arXiv 2310.13008
-- ours: the tuned model is tuned on a small random part of the pool, which has no score
-- needs: score davir
-- param: score text = davir            relative fall of the loss

SELECT instruction_id, value AS davir
FROM score($pool, name => $score)
WHERE value IS NOT NULL
ORDER BY value DESC, fingerprint
LIMIT $budget
