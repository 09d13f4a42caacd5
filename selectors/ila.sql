-- summary: Keep the pool's coverage, and take the deepest members of every cell of its landscape.
-- paper: Information Landscape Approximation, arXiv 2509.06463
-- ours: cells a side below a budget of 20,000, and the last round by depth; the paper ranks by information depth, which its
-- ours: reviewers read as the relative one: set depth = rid for it
-- needs: embeddings, score depth
-- param: depth text = depth            name of the depth score; rid ranks within the domain
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
    SELECT instruction_id, fingerprint, cell
    FROM grid((SELECT instruction_id, fingerprint, x, y FROM landscape), budget => $budget, side => $side)
),
ranked AS (
    SELECT
        cells.instruction_id,
        cells.fingerprint,
        cells.cell,
        depths.value AS depth,
        row_number() OVER (PARTITION BY cells.cell ORDER BY depths.value DESC, cells.fingerprint) AS round
    FROM cells
    JOIN score($pool, name => $depth) AS depths USING (instruction_id)
    WHERE depths.value IS NOT NULL
)
SELECT instruction_id, cell, round, depth
FROM ranked
ORDER BY round, depth DESC, fingerprint
LIMIT $budget
