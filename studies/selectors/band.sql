-- summary: Select from a share of the landscape's cells and from a band of depths in each.
-- paper: the design of the regression in Information Landscape Approximation, arXiv 2509.06463
-- needs: embeddings, score depth
-- param: share number = 1.0            share of the cells, drawn at random
-- param: low number = 0.0              lower end of the band, a quantile of a cell's depths
-- param: width number = 0.4            width of the band, as a quantile
-- param: projection text = tsne        tsne, umap or pca
-- param: perplexity number = 30        perplexity of t-SNE

WITH landscape AS (
    SELECT instruction_id, fingerprint, x, y
    FROM project(
        (SELECT instruction_id, fingerprint, vector FROM embeddings($pool)),
        method => $projection, perplexity => $perplexity, seed => 42
    )
),
cells AS (
    SELECT instruction_id, fingerprint, cell
    FROM grid((SELECT instruction_id, fingerprint, x, y FROM landscape), budget => $budget)
),
ranked AS (
    SELECT
        cells.instruction_id,
        cells.fingerprint,
        cells.cell,
        depths.value AS depth,
        quantile_within(depths.value, cells.cell) AS depth_quantile
    FROM cells
    JOIN score($pool, name => 'depth') AS depths USING (instruction_id)
    WHERE depths.value IS NOT NULL
),
banded AS (
    SELECT
        instruction_id,
        cell,
        depth,
        shuffle_key(fingerprint, 'band ' || $seed) AS shuffle_key,
        row_number() OVER (PARTITION BY cell ORDER BY shuffle_key(fingerprint, 'band ' || $seed)) AS round
    FROM ranked
    WHERE uniform_hash('cell ' || cell, 'band ' || $seed) < $share
        AND depth_quantile >= $low
        AND depth_quantile < $low + $width
)
SELECT instruction_id, cell, round, depth
FROM banded
ORDER BY round, shuffle_key
LIMIT $budget
