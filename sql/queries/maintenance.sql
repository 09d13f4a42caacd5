-- name: instructions
-- What a fingerprint is of.
SELECT fingerprint, messages, system, tools, rejected, media
FROM instructions

-- name: shard_pool
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

-- name: shards
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

-- name: signals
SELECT signal_id, kind, name, lance_table
FROM signals
ORDER BY signal_id

-- name: subsets
SELECT subset_id, name, version, members_sha256
FROM subsets
ORDER BY subset_id

-- name: tables
SELECT table_name
FROM duckdb_tables()
WHERE database_name = current_database() AND NOT internal AND NOT temporary
ORDER BY table_name
