INSERT INTO subset_members (subset_id, instruction_id, rank, why)
SELECT $subset_id, instruction_id, rank, why::JSON
FROM chosen
ORDER BY rank
