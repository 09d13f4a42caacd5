-- Damage is detected: a shard's rows have a hash.

ALTER TABLE shards ADD COLUMN sha256 VARCHAR;                -- of the shard's values by instruction; NULL: none recorded, or no values
