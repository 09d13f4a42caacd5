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
