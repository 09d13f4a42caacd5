-- name: near_duplicates
-- The group of each member, in the catalog's dialect. The relation is that of the selection, so that one answer serves both.
SELECT fingerprint, duplicate_group AS split_group
FROM near_duplicates(
    (
        SELECT instruction_id, fingerprint, prompt, source, array_to_string(labels, ',') AS labels
        FROM pool($reference)
    ),
    by => 'prompt',
    threshold => $threshold,
    seed => 0
)
ORDER BY shuffle_key(fingerprint, 'draw ' || $seed), fingerprint

-- name: column
SELECT
    fingerprint,
    coalesce(
        CASE $by
            WHEN 'source' THEN source
            WHEN 'labels' THEN array_to_string(labels, ',')
            ELSE metadata ->> $by
        END,
        fingerprint
    ) AS split_group
FROM pool($reference)
ORDER BY shuffle_key(fingerprint, 'draw ' || $seed), fingerprint
