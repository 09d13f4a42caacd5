-- Instructions that no version of any pool and no subset holds.
CREATE TEMP TABLE unreferenced AS
SELECT instruction_id
FROM instructions
ANTI JOIN pool_members USING (instruction_id)
ANTI JOIN subset_members USING (instruction_id)
