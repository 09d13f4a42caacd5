SELECT rank - 1 AS row_number, instruction_id
FROM subset_members
JOIN subsets USING (subset_id)
WHERE subset_id = $id AND subsets.version = $version
ORDER BY rank
