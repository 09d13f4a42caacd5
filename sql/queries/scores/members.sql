CREATE TEMP TABLE members AS
SELECT instruction_id, fingerprint, source, labels
FROM version_at($kind, $id, $version)
