-- A version can be an older one made the newest again.

ALTER TABLE pool_versions ADD COLUMN restored_from INTEGER;  -- the version that was restored; NULL for a load
