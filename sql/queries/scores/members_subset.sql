CREATE TEMP TABLE members AS
SELECT instruction_id, fingerprint, source, labels
FROM subset_at($id)
