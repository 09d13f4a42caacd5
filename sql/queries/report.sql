-- name: last_losses
SELECT fingerprint, losses[-1] AS value
FROM trajectories($reference)

-- name: map
SELECT fingerprint, x, y
FROM map($reference)

-- name: members
-- What the page knows of every member, in the order of the page.
SELECT
    fingerprint,
    source,
    length(prompt) AS prompt_characters,
    length(response) AS response_characters
FROM pool($reference)
ORDER BY row_number, fingerprint

-- name: neighbours
-- The members nearest to one, and how near.
SELECT fingerprint, similarity
FROM nearest(
    (SELECT fingerprint, vector FROM embeddings($reference)),
    (SELECT fingerprint, vector FROM embeddings($reference) WHERE fingerprint = $fingerprint),
    k => 9,
    others => true
)
ORDER BY rank, fingerprint

-- name: principal_components
-- The places of a pool without a map.
SELECT fingerprint, x::FLOAT AS x, y::FLOAT AS y
FROM project((SELECT instruction_id, fingerprint, vector FROM embeddings($reference)), method => 'pca')

-- name: rows
SELECT fingerprint, row_number, source, labels, prompt, response, system, messages, metadata
FROM pool($reference)
WHERE list_contains($fingerprints, fingerprint)

-- name: scores
SELECT *
FROM scores($reference)

-- name: subset_members
SELECT fingerprint
FROM subset($reference)

-- name: text_matches
SELECT fingerprint
FROM pool($reference)
WHERE contains(lower(prompt), lower($text)) OR contains(lower(response), lower($text))

-- name: trajectory
SELECT losses
FROM trajectories($reference)
WHERE fingerprint = $fingerprint
