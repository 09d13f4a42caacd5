-- name: duplicates_by_meaning
-- Groups of near-duplicates by embeddings, the largest first.
SELECT
    duplicate_group,
    count(*) AS size,
    max(nearest_similarity) AS similarity,
    list(fingerprint ORDER BY fingerprint) AS fingerprints
FROM near_duplicates(
    (SELECT instruction_id, fingerprint, vector FROM embeddings($reference)), threshold => $threshold
)
WHERE group_size > 1
GROUP BY duplicate_group
ORDER BY size DESC, duplicate_group

-- name: duplicates_by_text
-- Groups of near-duplicates by shingles of prompts and responses, the largest first.
SELECT
    duplicate_group,
    count(*) AS size,
    max(nearest_similarity) AS similarity,
    list(fingerprint ORDER BY fingerprint) AS fingerprints
FROM near_duplicates(
    (
        SELECT instruction_id, fingerprint, prompt || ' ' || coalesce(response, '') AS text
        FROM pool($reference)
    ),
    threshold => $threshold
)
WHERE group_size > 1
GROUP BY duplicate_group
ORDER BY size DESC, duplicate_group

-- name: loss_clusters
-- Every trajectory with its cluster.
SELECT clusters.fingerprint, clusters.cluster, trajectories.losses
FROM kmeans(
    (SELECT instruction_id, fingerprint, losses FROM trajectories($reference)),
    k => $k, seed => 0, start => 'k-means++'
) AS clusters
JOIN trajectories($reference) AS trajectories USING (instruction_id)
ORDER BY clusters.fingerprint

-- name: map
SELECT fingerprint, x, y
FROM map($reference)

-- name: map_by_method
SELECT fingerprint, x, y
FROM map($reference, method => $method)

-- name: marks
SELECT fingerprint, mark
FROM marks($reference)

-- name: members
-- What the page knows of every member, in the order of the page.
SELECT
    fingerprint,
    source,
    length(prompt) AS prompt_characters,
    length(response) AS response_characters
FROM pool($reference)
ORDER BY row_number, fingerprint

-- name: nearest_to_text
-- The members whose embeddings are nearest to a text; the page's filter says the same.
SELECT fingerprint
FROM nearest(
    (SELECT fingerprint, vector FROM embeddings($reference)),
    (SELECT text AS fingerprint, vector FROM text_embeddings($reference, text => $text)),
    k => $k
)
ORDER BY rank, fingerprint

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

-- name: prompts
-- Prompts of a random draw of members.
SELECT fingerprint, prompt AS text
FROM pool($reference)
ORDER BY shuffle_key(fingerprint, 0)
LIMIT $n

-- name: rows
SELECT
    members.fingerprint,
    members.row_number,
    members.source,
    members.labels,
    members.prompt,
    members.response,
    members.system,
    members.messages,
    members.metadata,
    marked.mark,
    marked.note
FROM pool($reference) AS members
LEFT JOIN marks($reference) AS marked USING (instruction_id)
WHERE list_contains($fingerprints, members.fingerprint)

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
