-- The instructions that the catalog has not seen in any pool, with their ids, in the order of the load.
CREATE TEMP TABLE fresh AS
SELECT nextval('instruction_ids') AS instruction_id, row_number
FROM (
    SELECT keys.row_number
    FROM keys
    ANTI JOIN instructions USING (fingerprint)
    ORDER BY keys.row_number
)
