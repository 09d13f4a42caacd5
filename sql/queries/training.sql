-- name: rows
-- The rows of a pool or subset as a trainer reads them, in its order.
SELECT
    fingerprint,
    messages,
    system,
    tools,
    media IS NOT NULL AS has_media
FROM version_rows_at($kind, $id, $version)
ORDER BY position, place
