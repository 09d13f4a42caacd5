-- summary: One part of a pool, dealt so that no group of near-duplicates straddles two parts.
-- param: threshold number = 0.8 [0..1]   least similarity of two prompts of a group
-- param: parts text                      names and sizes of all parts
-- param: part text                       the part to select
-- param: stratify text = NULL {source, labels}  column whose shares every part keeps

WITH grouped AS (
    SELECT * EXCLUDE (prompt)
    FROM near_duplicates(
        (
            SELECT instruction_id, fingerprint, prompt, source, array_to_string(labels, ',') AS labels
            FROM pool($pool)
        ),
        by => 'prompt',
        threshold => $threshold,
        seed => 0
    )
)
SELECT instruction_id, part, duplicate_group, group_size
FROM split_groups((SELECT * FROM grouped), parts => $parts, stratify => $stratify, seed => $seed)
WHERE part = $part
ORDER BY shuffle_key(fingerprint, 'split ' || $seed), fingerprint
LIMIT $budget
