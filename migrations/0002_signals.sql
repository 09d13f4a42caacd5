-- Signals: numbers about instructions, identified by what changes their values.

CREATE SEQUENCE signal_ids;

CREATE TABLE signals (
    signal_id INTEGER NOT NULL,
    kind VARCHAR NOT NULL,                   -- embedding, losses, states, score or labels
    name VARCHAR NOT NULL,                   -- the encoder, proxy, model or score, as a person says it
    identity_sha256 VARCHAR NOT NULL,        -- of identity: the same identity is never computed twice
    identity JSON NOT NULL,                  -- model and weights hash, tokenizer, template, pooling, dtype, max tokens, code version
    dimension INTEGER,                       -- of one vector; NULL for a score
    lance_table VARCHAR,                     -- where the vectors are; NULL for losses and scores
    details JSON,                            -- what describes a run and changes no value
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE shards (
    signal_id INTEGER NOT NULL,
    shard BIGINT NOT NULL,
    n_instructions BIGINT NOT NULL,          -- with a value
    n_missing BIGINT NOT NULL,               -- without one, by reason in signal_gaps
    n_tokens BIGINT,
    n_truncated BIGINT,
    lance_version BIGINT,                    -- of the Lance table that holds the shard
    seconds DOUBLE NOT NULL,
    committed_at TIMESTAMP NOT NULL
);

CREATE TABLE signal_members (                -- who has a value; of a score or a loss the value itself says so
    signal_id INTEGER NOT NULL,
    instruction_id BIGINT NOT NULL,
    shard BIGINT NOT NULL
);

CREATE TABLE signal_gaps (
    signal_id INTEGER NOT NULL,
    instruction_id BIGINT NOT NULL,
    shard BIGINT NOT NULL,
    reason VARCHAR NOT NULL                  -- why this instruction has no value
);

CREATE TABLE checkpoints (
    signal_id INTEGER NOT NULL,
    checkpoint INTEGER NOT NULL,             -- from 0, in the order of training
    step BIGINT,
    epoch DOUBLE,
    mean_loss DOUBLE,
    seconds DOUBLE,                          -- of training and scoring since the checkpoint before; NULL of an import
    recorded_at TIMESTAMP NOT NULL
);

CREATE TABLE losses (
    signal_id INTEGER NOT NULL,
    instruction_id BIGINT NOT NULL,
    checkpoint INTEGER NOT NULL,
    loss FLOAT,                              -- mean cross-entropy over the response tokens, in nats; NULL: see signal_gaps
    n_tokens INTEGER
);

CREATE TABLE scores (
    signal_id INTEGER NOT NULL,
    instruction_id BIGINT NOT NULL,
    value DOUBLE,
    reason VARCHAR                           -- why value is NULL
);

CREATE TABLE signal_labels (
    signal_id INTEGER NOT NULL,
    instruction_id BIGINT NOT NULL,
    labels VARCHAR[] NOT NULL                -- of a taxonomy, the nearest first
);
