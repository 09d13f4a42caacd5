-- Shards of a signal of which the vector table holds less, or more, than every recorded instruction once.
SELECT shard, count(*) AS n_expected, count(*) FILTER (coalesce(n_rows, 0) = 1) AS n_found
FROM signal_members
LEFT JOIN (
    SELECT instruction_id, shard, count(*) AS n_rows
    FROM vector_rows
    GROUP BY instruction_id, shard
) AS held USING (instruction_id, shard)
WHERE signal_members.signal_id = $signal_id
GROUP BY shard
HAVING n_found < n_expected
ORDER BY shard
