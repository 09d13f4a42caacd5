-- The pool that most instructions of a shard belong to.
SELECT pools.name
FROM signal_members
JOIN pool_members USING (instruction_id)
JOIN pools USING (pool_id)
WHERE signal_members.signal_id = $signal_id
    AND signal_members.shard = $shard
    AND pool_members.removed_version IS NULL
GROUP BY pools.name
ORDER BY count(*) DESC, pools.name
LIMIT 1
