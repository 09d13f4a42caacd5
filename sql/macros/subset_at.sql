-- A subset: DuckDB's side of subset('name@version'); a pool's columns, and the rank and why of every member, how many rows it is, and the
-- name of the pool that it comes from.
-- same answers as: e5673886b43e09421450d55e94c3e3880551a332b17d07e3046e404387b8dc21
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
    subset_members.why,
    subset_members.copies,
    pools.name AS pool
FROM subset_members
JOIN subset_sources
    ON subset_sources.subset_id = subset_members.subset_id
    AND subset_sources.part = subset_members.part
JOIN pools USING (pool_id)
JOIN instructions USING (instruction_id)
JOIN pool_members
    ON pool_members.pool_id = subset_sources.pool_id
    AND pool_members.instruction_id = subset_members.instruction_id
    AND pool_members.added_version <= subset_sources.pool_version
    AND (pool_members.removed_version IS NULL OR pool_members.removed_version > subset_sources.pool_version)
WHERE subset_members.subset_id = the_subset_id
