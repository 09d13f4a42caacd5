-- summary: Represent the pool: every member should be like one that was taken.
-- paper: Submodularity in Data Subset Selection, Wei, Iyer and Bilmes 2015; a baseline of SmallToLarge, arXiv 2403.07384
-- needs: embeddings
-- param: encoder text = NULL           encoder of the embeddings, if there are several

SELECT instruction_id, gain
FROM facility_location((SELECT instruction_id, fingerprint, vector FROM embeddings($pool, encoder => $encoder)), budget => $budget)
ORDER BY rank
