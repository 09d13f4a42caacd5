-- The shards of a signal that hold values, and the hash of each; NULL where none was recorded.
SELECT shard, sha256
FROM shards
WHERE signal_id = $signal_id AND shard IN (SELECT shard FROM signal_members WHERE signal_id = $signal_id)
ORDER BY shard
