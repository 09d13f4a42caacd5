-- summary: ILA without coverage: the deepest members of the whole pool.
-- paper: Information Landscape Approximation, arXiv 2509.06463, ablation
-- needs: score depth
-- param: depth text = depth            name of the depth score; rid ranks within the domain

SELECT instruction_id, value AS depth
FROM score($pool, name => $depth)
WHERE value IS NOT NULL
ORDER BY value DESC, fingerprint
LIMIT $budget
