-- The records that fold into a member: into the first record of the same fingerprint, or, when appending, into the member there.
CREATE TEMP TABLE folded AS
SELECT
    member.instruction_id,
    staged.file,
    staged.row_number + $offset AS row_number,
    staged.source,
    staged.labels,
    staged.metadata::JSON AS metadata,
    member.source AS member_source,
    member.labels AS member_labels,
    member.metadata AS member_metadata
FROM read_parquet(getvariable('staged')) AS staged
JOIN keys USING (fingerprint)
JOIN instructions USING (fingerprint)
JOIN (
    SELECT instruction_id, row_number, source, labels, metadata
    FROM pool_members
    WHERE $is_append AND pool_id = $pool_id AND removed_version IS NULL
    UNION ALL
    SELECT loaded.instruction_id, loaded.row_number, loaded.source, loaded.labels, loaded.metadata
    FROM loaded
    LEFT JOIN changes USING (instruction_id)
    WHERE NOT $is_append OR changes.change = 'added'
) AS member ON member.instruction_id = instructions.instruction_id
WHERE staged.row_number + $offset <> member.row_number AND (keys.n_records > 1 OR $is_append)
