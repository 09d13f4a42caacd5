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
