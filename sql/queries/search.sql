-- name: members
SELECT
    row_number() OVER (ORDER BY hits.similarity DESC, members.fingerprint) AS rank,
    hits.similarity,
    members.fingerprint,
    members.source,
    members.prompt,
    members.response
FROM hits
JOIN version_at($kind, $id, $version) AS members USING (instruction_id)
ORDER BY rank
LIMIT $k

-- name: set_index
UPDATE signals
SET details = json_merge_patch(coalesce(details, '{}'), $index)
WHERE signal_id = $signal_id
