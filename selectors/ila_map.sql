-- summary: ILA on the pool's map: a pool that grows keeps its cells.
-- paper: Information Landscape Approximation, arXiv 2509.06463
-- ours: the cells are those of a stored map, on which new members are placed without moving the others
-- needs: map, score depth
-- param: depth text = depth            name of the depth score; rid ranks within the domain
-- param: method text = tsne {tsne, umap, pca}  map of the pool, as `catalog map --method` names it
-- param: side integer = NULL [1..]     cells a side; NULL: 100, or fewer so that a cell has two members

WITH cells AS (
    SELECT instruction_id, fingerprint, cell
    FROM grid(
        (SELECT instruction_id, fingerprint, x, y FROM map($pool, method => $method)),
        budget => $budget, side => $side
    )
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
