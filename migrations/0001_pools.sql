-- Pools: instructions once each, membership as intervals of versions.

CREATE SEQUENCE instruction_ids;
CREATE SEQUENCE pool_ids;

CREATE TABLE instructions (
    instruction_id BIGINT NOT NULL,          -- surrogate for joins; never leaves the catalog, never used twice
    fingerprint VARCHAR NOT NULL,            -- sha256 (hex) of the canonical JSON of messages, system and tools
    messages STRUCT(role VARCHAR, content VARCHAR, extra JSON)[] NOT NULL,
    system VARCHAR,
    tools JSON
);

CREATE TABLE pools (
    pool_id INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    is_prompts_only BOOLEAN NOT NULL,        -- prompts without responses: searchable, never selected from
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE pool_versions (
    pool_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMP NOT NULL,
    mode VARCHAR NOT NULL,                   -- replace or append
    n_rows BIGINT NOT NULL,                  -- records in the sources, quarantined ones counted
    n_members BIGINT NOT NULL,
    n_added BIGINT NOT NULL,
    n_removed BIGINT NOT NULL,
    n_kept BIGINT NOT NULL,
    n_updated BIGINT NOT NULL,               -- of the kept: another row number, source, labels or metadata
    n_folded BIGINT NOT NULL,                -- exact duplicates inside the load
    n_quarantined BIGINT NOT NULL,
    n_no_input BIGINT NOT NULL,              -- placeholders such as "<No input>" that were read as no input
    files JSON NOT NULL,                     -- what was read: name, container, shape, encoding, counts
    options JSON NOT NULL,
    seconds DOUBLE NOT NULL
);

CREATE TABLE pool_members (
    pool_id INTEGER NOT NULL,
    instruction_id BIGINT NOT NULL,
    added_version INTEGER NOT NULL,
    removed_version INTEGER,                 -- NULL: still a member
    row_number BIGINT NOT NULL,              -- position among the records of the load, from 0
    source VARCHAR NOT NULL,
    labels VARCHAR[],
    metadata JSON
);

CREATE TABLE quarantine (
    pool_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    file VARCHAR NOT NULL,
    row_number BIGINT NOT NULL,
    position VARCHAR NOT NULL,               -- where in the file: a line, an element, a key
    reason VARCHAR NOT NULL,
    detail VARCHAR,
    raw VARCHAR
);

CREATE TABLE tags (
    name VARCHAR NOT NULL,                   -- of a pool or a subset
    tag VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    tagged_at TIMESTAMP NOT NULL
);
