-- summary: ILA after its projection: the deepest members of every cell of a given map.
-- paper: Information Landscape Approximation, arXiv 2509.06463
-- needs: losses, score depth
-- param: places text = places          name of the imported pairs of x and y

WITH landscape AS (
    SELECT instruction_id, fingerprint, losses[1] AS x, losses[2] AS y
    FROM trajectories($pool, proxy => $places)
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
        row_number() OVER (PARTITION BY cells.cell ORDER BY depths.value DESC, cells.fingerprint) AS round
    FROM cells
    JOIN score($pool, name => 'depth') AS depths USING (instruction_id)
    WHERE depths.value IS NOT NULL
)
SELECT instruction_id, cell, round, depth
FROM ranked
ORDER BY round, depth DESC, fingerprint
LIMIT $budget
