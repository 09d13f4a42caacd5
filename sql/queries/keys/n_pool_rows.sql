SELECT n_rows
FROM pool_versions
WHERE pool_id = $id AND version = $version
