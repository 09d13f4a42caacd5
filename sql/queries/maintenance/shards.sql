-- The shards of a signal that hold values: how many instructions, and the hash.
SELECT shards.shard, members.n_members, shards.sha256
FROM shards
JOIN (
    SELECT shard, count(*) AS n_members
    FROM signal_members
    WHERE signal_id = $signal_id
    GROUP BY shard
) AS members USING (shard)
WHERE shards.signal_id = $signal_id
ORDER BY shards.shard
