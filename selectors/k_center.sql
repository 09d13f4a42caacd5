-- summary: Cover the pool: always take the member farthest from all that were taken.
-- paper: Active Learning for Convolutional Neural Networks: A Core-Set Approach, arXiv 1708.00489 (farthest-first)
-- needs: embeddings
-- param: encoder text = NULL           encoder of the embeddings, if there are several

SELECT instruction_id, distance
FROM k_center((SELECT instruction_id, fingerprint, vector FROM embeddings($pool, encoder => $encoder)), budget => $budget)
ORDER BY rank
