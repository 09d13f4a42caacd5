-- name: records
-- The records of a pool or subset, in its order, with the files that were found at the paths of their media.
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
FROM version_at($kind, $id, $version) AS members
LEFT JOIN found USING (instruction_id)
ORDER BY members.place

-- name: selector
-- The selector of a subset: its name, and the text of its file where it was kept.
SELECT selector, selector_text
FROM subsets
WHERE subset_id = $subset_id
