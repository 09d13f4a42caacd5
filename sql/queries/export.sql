-- name: atlas_last_loss
SELECT fingerprint, losses[-1] AS last_loss
FROM trajectories($reference)

-- name: atlas_map
SELECT fingerprint, x, y
FROM map($reference, method => $method)

-- name: atlas_marks
SELECT fingerprint, mark, note
FROM marks($reference)

-- name: atlas_members
SELECT fingerprint, row_number, source, prompt, response
FROM version_at($kind, $id, $version)
ORDER BY place

-- name: atlas_neighbours
SELECT query_fingerprint, fingerprint, similarity
FROM nearest(
    (SELECT fingerprint, vector FROM embeddings($reference)),
    (SELECT fingerprint, vector FROM embeddings($reference)),
    k => 15,
    others => true
)
ORDER BY query_fingerprint, rank

-- name: atlas_scores
SELECT *
FROM scores($reference)

-- name: fingerprints
SELECT instructions.fingerprint
FROM members_of($kind, $id, $version)
JOIN instructions USING (instruction_id)

-- name: records
-- The records of a pool or subset, in its order, repeats written out, with the files that were found at the paths of their media.
WITH found AS (
    SELECT
        instruction_id,
        list({'path': path, 'location': location} ORDER BY recorded_at, location) AS locations
    FROM media_files
    WHERE path IS NOT NULL AND location IS NOT NULL
    GROUP BY instruction_id
)
SELECT
    members.fingerprint,
    members.messages,
    members.system,
    members.tools,
    members.rejected,
    members.media,
    members.source,
    members.labels,
    members.metadata,
    found.locations
FROM version_rows_at($kind, $id, $version) AS members
LEFT JOIN found USING (instruction_id)
ORDER BY members.position, members.place

-- name: selector
-- The selector of a subset: its name, and the text of its file where it was kept.
SELECT selector, selector_text
FROM subsets
WHERE subset_id = $subset_id
