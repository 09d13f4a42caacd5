-- What is known of the contents of the media of members that come with this version.
INSERT INTO media_files (pool_id, version, instruction_id, path, location, sha256, n_bytes, recorded_at)
SELECT $pool_id, $version, known.instruction_id, known.file.path, known.file.location, known.file.sha256, known.file.n_bytes,
    now() AT TIME ZONE 'UTC'
FROM (
    SELECT loaded.instruction_id, unnest(loaded.media_files) AS file
    FROM loaded
    JOIN changes USING (instruction_id)
    WHERE changes.change IN ('added', 'updated')
) AS known
