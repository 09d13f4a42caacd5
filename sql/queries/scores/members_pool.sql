CREATE TEMP TABLE members AS
SELECT instruction_id, fingerprint, source, labels
FROM pool_at($id, $version)
