-- summary: ILA without depth: random members of every cell of the landscape.
-- paper: Information Landscape Approximation, arXiv 2509.06463, ablation
-- needs: embeddings
-- param: encoder text = NULL           encoder of the embeddings, if there are several
-- param: projection text = tsne {tsne, umap, pca}  projection of the embeddings
-- param: perplexity number = 30        perplexity of t-SNE
-- param: side integer = NULL [1..]     cells a side; NULL: 100, or fewer so that a cell has two members

WITH landscape AS (
    SELECT instruction_id, fingerprint, x, y
    FROM project(
        (SELECT instruction_id, fingerprint, vector FROM embeddings($pool, encoder => $encoder)),
        method => $projection, perplexity => $perplexity, seed => 42
    )
),
cells AS (
    SELECT instruction_id, cell, shuffle_key(fingerprint, 'coverage_only ' || $seed) AS shuffle_key
    FROM grid((SELECT instruction_id, fingerprint, x, y FROM landscape), budget => $budget, side => $side)
),
sampled AS (
    SELECT instruction_id, cell, shuffle_key, row_number() OVER (PARTITION BY cell ORDER BY shuffle_key) AS round
    FROM cells
)
SELECT instruction_id, cell, round
FROM sampled
ORDER BY round, shuffle_key
LIMIT $budget
