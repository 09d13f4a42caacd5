-- The instructions in a shard are fixed when a signal's first shard is committed, since batches are cut from shards.

ALTER TABLE signals ADD COLUMN shard_rows BIGINT;            -- NULL: 4,096, or what its kind computes from the dimension
