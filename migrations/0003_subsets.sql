-- Subsets: what a selection chose, and everything that made it.

CREATE SEQUENCE subset_ids;

CREATE TABLE subsets (
    subset_id INTEGER NOT NULL,              -- one version of one subset
    name VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMP NOT NULL,
    selector VARCHAR NOT NULL,
    pool_id INTEGER NOT NULL,
    pool_version INTEGER NOT NULL,
    budget BIGINT NOT NULL,
    seed BIGINT NOT NULL,
    n_members BIGINT NOT NULL,
    definition JSON NOT NULL,                -- canonical SQL, parameters, budget, seed, pool version, signals, code version
    definition_sha256 VARCHAR NOT NULL,
    members_sha256 VARCHAR NOT NULL,         -- over the fingerprints in rank order
    environment JSON NOT NULL,
    seconds DOUBLE NOT NULL
);

CREATE TABLE subset_members (
    subset_id INTEGER NOT NULL,
    instruction_id BIGINT NOT NULL,
    rank BIGINT NOT NULL,                    -- from 1
    why JSON                                 -- the selector's other columns for this member
);

CREATE TABLE selectors (
    name VARCHAR NOT NULL,                   -- kept by `catalog selectors add`
    text VARCHAR NOT NULL,
    added_at TIMESTAMP NOT NULL
);
