-- What left the catalog, and what came of it. The rows stay when their pool or subset is dropped: files and models are still there.

CREATE TABLE exports (
    kind VARCHAR NOT NULL,                   -- pool or subset
    id BIGINT NOT NULL,                      -- pool_id or subset_id, never used twice
    name VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    format VARCHAR NOT NULL,
    path VARCHAR NOT NULL,                   -- the file or folder, absolute; - for standard output
    options JSON NOT NULL,                   -- name (of the data in a trainer's folder), allow_lossy
    files JSON NOT NULL,                     -- [{path, sha256}, ...] of what was written, the data first
    n_rows BIGINT NOT NULL,
    members_sha256 VARCHAR NOT NULL,         -- over the fingerprints in the order written
    exported_at TIMESTAMP NOT NULL
);

CREATE SEQUENCE run_ids;

CREATE TABLE runs (
    run_id INTEGER NOT NULL,
    kind VARCHAR NOT NULL,                   -- pool or subset
    id BIGINT NOT NULL,                      -- pool_id or subset_id, never used twice
    name VARCHAR NOT NULL,                   -- what was trained on
    version INTEGER NOT NULL,
    members_sha256 VARCHAR,                  -- of the subset; NULL of a pool
    note VARCHAR,
    url VARCHAR,                             -- where the run is described
    recorded_at TIMESTAMP NOT NULL
);

CREATE TABLE evaluations (
    run_id INTEGER NOT NULL,
    metric VARCHAR NOT NULL,
    value DOUBLE NOT NULL
);
