-- name: dead_signals
-- Signals that had values and have none of any instruction that stays, which no subset was made of and nothing that stays is made of.
-- `$dead` are signals that go anyway. A proxy stays as long as another signal was computed with a model of its name.
WITH used AS (
    SELECT DISTINCT signal_id
    FROM (
        SELECT signal_id, instruction_id FROM signal_members
        UNION ALL
        SELECT signal_id, instruction_id FROM signal_gaps
        UNION ALL
        SELECT signal_id, instruction_id FROM losses
        UNION ALL
        SELECT signal_id, instruction_id FROM scores
        UNION ALL
        SELECT signal_id, instruction_id FROM signal_labels
    )
    ANTI JOIN unreferenced USING (instruction_id)
),
staying AS (
    SELECT signal_id, kind, identity
    FROM signals
    WHERE NOT list_contains($dead, signal_id)
)
SELECT signals.signal_id, signals.kind || ' ' || signals.name AS signal
FROM signals
SEMI JOIN shards USING (signal_id)
ANTI JOIN used USING (signal_id)
WHERE NOT list_contains($dead, signals.signal_id)
    AND NOT EXISTS (SELECT 1 FROM subsets WHERE contains(CAST(subsets.definition AS VARCHAR), signals.identity_sha256))
    AND NOT EXISTS (
        SELECT 1
        FROM staying
        WHERE staying.signal_id <> signals.signal_id
            AND (
                contains(CAST(staying.identity AS VARCHAR), signals.identity_sha256)
                OR (signals.kind = 'losses' AND staying.kind <> 'losses' AND staying.identity ->> 'model' = signals.name)
            )
    )
ORDER BY signals.signal_id

-- name: dead_vectors
-- Rows of a vector table that no shard records.
SELECT instruction_id, shard
FROM vector_rows
ANTI JOIN (
    SELECT instruction_id, shard
    FROM signal_members
    WHERE signal_id = $signal_id
) AS recorded USING (instruction_id, shard)

-- name: delete_instructions
DELETE FROM instructions
USING unreferenced
WHERE unreferenced.instruction_id = instructions.instruction_id

-- name: delete_losses
DELETE FROM losses
USING unreferenced
WHERE unreferenced.instruction_id = losses.instruction_id

-- name: delete_overlap_items
DELETE FROM overlap_items
USING unreferenced
WHERE unreferenced.instruction_id = overlap_items.instruction_id

-- name: delete_overlap_members
DELETE FROM overlap_members
USING unreferenced
WHERE unreferenced.instruction_id = overlap_members.instruction_id

-- name: delete_overlap_pairs
DELETE FROM overlap_pairs
USING unreferenced
WHERE unreferenced.instruction_id IN (overlap_pairs.instruction_id, overlap_pairs.test_instruction_id)

-- name: delete_score_calls
DELETE FROM score_calls
USING unreferenced
WHERE unreferenced.instruction_id = score_calls.instruction_id

-- name: delete_scores
DELETE FROM scores
USING unreferenced
WHERE unreferenced.instruction_id = scores.instruction_id

-- name: delete_signal_gaps
DELETE FROM signal_gaps
USING unreferenced
WHERE unreferenced.instruction_id = signal_gaps.instruction_id

-- name: delete_signal_labels
DELETE FROM signal_labels
USING unreferenced
WHERE unreferenced.instruction_id = signal_labels.instruction_id

-- name: delete_signal_members
DELETE FROM signal_members
USING unreferenced
WHERE unreferenced.instruction_id = signal_members.instruction_id

-- name: drop_checkpoints
DELETE FROM checkpoints
WHERE signal_id = $signal_id

-- name: drop_shards
DELETE FROM shards
WHERE signal_id = $signal_id

-- name: drop_signals
DELETE FROM signals
WHERE signal_id = $signal_id

-- name: forget_gaps
DELETE FROM signal_gaps
WHERE signal_id = $signal_id AND shard = $shard

-- name: forget_members
DELETE FROM signal_members
WHERE signal_id = $signal_id AND shard = $shard

-- name: forget_shards
DELETE FROM shards
WHERE signal_id = $signal_id AND shard = $shard

-- name: lance_version
-- The version of a signal's vector table that readers take.
SELECT max(lance_version)
FROM shards
WHERE signal_id = $signal_id

-- name: media_names
-- The sha256 of every medium that an instruction refers to; not those of instructions that are swept.
SELECT DISTINCT unnest(
    json_extract_string(media, '$[*].sha256') || json_extract_string(media, '$[*].frames[*].sha256')
) AS sha256
FROM instructions
ANTI JOIN unreferenced USING (instruction_id)
WHERE media IS NOT NULL

-- name: set_lance_version
UPDATE shards
SET lance_version = $lance_version
WHERE signal_id = $signal_id AND lance_version IS NOT NULL AND lance_version <> $lance_version

-- name: shard_members
-- Who has a value in a shard.
SELECT instruction_id
FROM signal_members
WHERE signal_id = $signal_id AND shard = $shard

-- name: signal_ids
-- The signals, and whether a warmed-up model belongs to one.
SELECT signal_id, name = 'tuned_loss' OR kind = 'gradients' AS is_tuned
FROM signals

-- name: trimmed_rows
-- Shards whose values DuckDB holds and which lose rows, with their hashes; needs the table `unreferenced`.
SELECT DISTINCT signals.kind, shards.signal_id, shards.shard, shards.sha256
FROM shards
JOIN signals USING (signal_id)
JOIN signal_members
    ON signal_members.signal_id = shards.signal_id
    AND signal_members.shard = shards.shard
JOIN unreferenced USING (instruction_id)
WHERE signals.lance_table IS NULL AND shards.sha256 IS NOT NULL
ORDER BY shards.signal_id, shards.shard

-- name: trimmed_shards
-- Shards of a vector table with a hash that covers rows which are recorded no more.
SELECT shards.shard, shards.sha256
FROM shards
WHERE shards.signal_id = $signal_id
    AND shards.sha256 IS NOT NULL
    AND shards.shard IN (
        SELECT shard
        FROM vector_rows
        ANTI JOIN (
            SELECT instruction_id, shard
            FROM signal_members
            WHERE signal_id = $signal_id
        ) AS recorded USING (instruction_id, shard)
    )
ORDER BY shards.shard

-- name: unreferenced
-- Instructions that no version of any pool and no subset holds.
CREATE TEMP TABLE unreferenced AS
SELECT instruction_id
FROM instructions
ANTI JOIN pool_members USING (instruction_id)
ANTI JOIN subset_members USING (instruction_id)
