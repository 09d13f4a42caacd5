-- What is known of the contents of the media of members that come with this version.
INSERT INTO media_files (pool_id, version, instruction_id, path, location, sha256, n_bytes, recorded_at)
SELECT
    $pool_id,
    $version,
    instruction_id,
    file.path,
    file.location,
    file.sha256,
    file.n_bytes,
    now() AT TIME ZONE 'UTC'
FROM (
    SELECT loaded.instruction_id, unnest(staged.media_files) AS file
    FROM read_parquet(getvariable('staged')) AS staged
    JOIN loaded ON loaded.row_number = staged.row_number + $offset
    JOIN changes USING (instruction_id)
    WHERE changes.change IN ('added', 'updated')
)
