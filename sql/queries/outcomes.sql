-- name: add_evaluation
INSERT INTO evaluations (run_id, metric, value)
VALUES ($run_id, $metric, $value)

-- name: add_export
INSERT INTO exports (kind, id, name, version, format, path, options, files, n_rows, members_sha256, exported_at)
VALUES (
    $kind, $id, $name, $version, $format, $path, $options, $files, $n_rows, $members_sha256, now() AT TIME ZONE 'UTC'
)

-- name: add_run
INSERT INTO runs (run_id, kind, id, name, version, members_sha256, note, url, recorded_at)
VALUES (
    $run_id, $kind, $id, $name, $version,
    (SELECT members_sha256 FROM subsets WHERE $kind = 'subset' AND subset_id = $id),
    $note, $url, now() AT TIME ZONE 'UTC'
)

-- name: runs
-- Runs with a row for each metric, the newest run first; of one name, or one version of it, or all.
SELECT
    runs.run_id,
    runs.name || '@' || runs.version AS reference,
    evaluations.metric,
    evaluations.value,
    runs.note,
    runs.url,
    runs.members_sha256,
    runs.recorded_at
FROM runs
JOIN evaluations USING (run_id)
WHERE ($name IS NULL OR runs.name = $name) AND ($version IS NULL OR runs.version = $version)
ORDER BY runs.run_id DESC, evaluations.metric
