-- A subset: DuckDB's side of subset('name@version'); a pool's columns, and the rank and why of every member.
CREATE OR REPLACE TEMP MACRO subset_at(the_subset_id) AS TABLE
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
    pool_members.metadata,
    subset_members.rank,
    subset_members.why
FROM subset_members
JOIN subsets USING (subset_id)
JOIN instructions USING (instruction_id)
JOIN pool_members
    ON pool_members.pool_id = subsets.pool_id
    AND pool_members.instruction_id = subset_members.instruction_id
    AND pool_members.added_version <= subsets.pool_version
    AND (pool_members.removed_version IS NULL OR pool_members.removed_version > subsets.pool_version)
WHERE subset_members.subset_id = the_subset_id
