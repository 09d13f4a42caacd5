-- The records of a pool or subset, in its order.
SELECT
    fingerprint,
    messages,
    system,
    tools,
    rejected,
    media,
    source,
    labels,
    metadata
FROM version_at($kind, $id, $version)
ORDER BY place
