-- name: landscape
-- The call of the selectors `ila` and `coverage_only`, so that one cached projection serves all.
SELECT instruction_id, fingerprint, x, y, cell
FROM grid(
    (
        SELECT instruction_id, fingerprint, x, y
        FROM project(
            (
                SELECT instruction_id, fingerprint, vector
                FROM embeddings($pool, encoder => $encoder)
            ),
            method => $projection, perplexity => $perplexity, seed => 42
        )
    ),
    side => 100
)

-- name: map
SELECT instruction_id, fingerprint, x, y, cell
FROM grid(
    (SELECT instruction_id, fingerprint, x, y FROM map($pool, method => $projection)),
    side => 100
)

-- name: last_loss
SELECT instruction_id, losses[-1] AS value
FROM trajectories($pool, proxy => $proxy)

-- name: vectors
SELECT instruction_id, fingerprint, vector
FROM embeddings($pool, encoder => $encoder)

-- name: members
SELECT instruction_id, fingerprint, source, length(response) AS n_characters
FROM pools($pool)

-- name: draw
-- A random draw that has the parent's share of every source.
WITH placed AS (
    SELECT
        instruction_id,
        fingerprint,
        uniform_hash(fingerprint, $seed) AS sampled,
        row_number() OVER by_source AS number,
        count(*) OVER (PARTITION BY source) AS n_of_source
    FROM pools($pool)
    WINDOW by_source AS (PARTITION BY source ORDER BY uniform_hash(fingerprint, $seed), fingerprint)
)
SELECT instruction_id AS id
FROM placed
ORDER BY (number - 0.5) / n_of_source, sampled, fingerprint
LIMIT $size
