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

-- name: last_loss
SELECT instruction_id, losses[-1] AS value
FROM trajectories($pool, proxy => $proxy)

-- name: vectors
SELECT instruction_id, fingerprint, vector
FROM embeddings($pool, encoder => $encoder)

-- name: members
SELECT instruction_id, fingerprint, source, length(response) AS n_characters
FROM pool($pool)
