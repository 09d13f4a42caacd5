-- summary: One part of a pool, dealt so that no value of a column straddles two parts.
-- param: by text                         source, labels, or a key of the records' metadata
-- param: parts text                      names and sizes of all parts
-- param: part text                       the part to select
-- param: stratify text = NULL {source, labels}  column whose shares every part keeps

WITH grouped AS (
    SELECT
        instruction_id,
        fingerprint,
        source,
        array_to_string(labels, ',') AS labels,
        CASE $by
            WHEN 'source' THEN source
            WHEN 'labels' THEN array_to_string(labels, ',')
            ELSE metadata ->> $by
        END AS split_group
    FROM pool($pool)
)
SELECT instruction_id, part, split_group
FROM split_groups(
    (SELECT * FROM grouped), by => 'split_group', parts => $parts, stratify => $stratify, seed => $seed
)
WHERE part = $part
ORDER BY shuffle_key(fingerprint, 'split ' || $seed), fingerprint
LIMIT $budget
