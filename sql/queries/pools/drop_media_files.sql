DELETE FROM media_files
WHERE pool_id = $pool_id
