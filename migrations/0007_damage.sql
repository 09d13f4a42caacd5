-- Damage is detected: a shard's rows have a hash.

ALTER TABLE shards ADD COLUMN sha256 VARCHAR;                -- of the shard's rows in the order of instruction_id; NULL: never recorded
