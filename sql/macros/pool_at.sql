-- A pool as it was at a version: DuckDB's side of pool('name@version').
CREATE OR REPLACE TEMP MACRO pool_at(the_pool_id, the_version) AS TABLE
SELECT
    instructions.instruction_id,
    instructions.fingerprint,
    prompt_of(instructions.messages) AS prompt,
    response_of(instructions.messages) AS response,
    instructions.messages,
    instructions.system,
    instructions.tools,
    instructions.rejected,
    instructions.media,
    pool_members.row_number,
    pool_members.source,
    pool_members.labels,
    pool_members.metadata
FROM pool_members
JOIN instructions USING (instruction_id)
WHERE pool_members.pool_id = the_pool_id
    AND pool_members.added_version <= the_version
    AND (pool_members.removed_version IS NULL OR pool_members.removed_version > the_version)
