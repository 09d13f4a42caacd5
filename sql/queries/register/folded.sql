-- The records that fold into a member: into the first record of the same fingerprint, or, when appending, into the member there.
CREATE TEMP TABLE folded AS
WITH present AS (
    SELECT instruction_id, source, labels, metadata
    FROM pool_members
    WHERE $is_append AND pool_id = $pool_id AND removed_version IS NULL
)
SELECT
    loaded.instruction_id,
    staged.file,
    staged.row_number + $offset AS row_number,
    staged.source,
    staged.labels,
    staged.metadata::JSON AS metadata,
    coalesce(present.source, loaded.source) AS member_source,
    CASE WHEN present.source IS NULL THEN loaded.labels ELSE present.labels END AS member_labels,
    CASE WHEN present.source IS NULL THEN loaded.metadata ELSE present.metadata END AS member_metadata,
    coalesce(instructions.messages, first.messages) IS DISTINCT FROM staged.messages::STRUCT(role VARCHAR, content VARCHAR, extra JSON)[]
        OR (CASE WHEN instructions.messages IS NULL THEN first.system ELSE instructions.system END) IS DISTINCT FROM staged.system
        OR (CASE WHEN instructions.messages IS NULL THEN first.tools ELSE instructions.tools END) IS DISTINCT FROM staged.tools
        AS is_spelt_otherwise
FROM read_parquet(getvariable('staged')) AS staged
JOIN keys USING (fingerprint)
JOIN loaded ON loaded.row_number = keys.row_number + $offset
LEFT JOIN present ON present.instruction_id = loaded.instruction_id
LEFT JOIN instructions ON instructions.instruction_id = loaded.instruction_id
JOIN read_parquet(getvariable('staged')) AS first ON first.row_number = keys.row_number
WHERE present.source IS NOT NULL OR staged.row_number <> keys.row_number
