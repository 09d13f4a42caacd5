-- Rows of a vector table that no shard records.
SELECT instruction_id, shard
FROM vector_rows
ANTI JOIN (
    SELECT instruction_id, shard
    FROM signal_members
    WHERE signal_id = $signal_id
) AS recorded USING (instruction_id, shard)
