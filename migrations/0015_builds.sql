-- Project files: what a build made of each entry, and the rows that tests found.

CREATE TABLE builds (
    node VARCHAR NOT NULL,                   -- entry of a project file, such as "pool alpaca"
    inputs JSON NOT NULL,                    -- what it was made of: options, hashes of files, references
    result JSON NOT NULL,                    -- what it gave: a reference, identities of signals, files
    seconds DOUBLE NOT NULL,
    built_at TIMESTAMP NOT NULL
);

CREATE TABLE test_failures (
    test VARCHAR NOT NULL,                   -- name of the test
    reference VARCHAR,                       -- pool or subset that it ran on; NULL: the test names it itself
    severity VARCHAR NOT NULL,               -- error or warning
    row_number BIGINT NOT NULL,              -- of the answer, from 1
    fingerprint VARCHAR,                     -- of the row, if the answer has one
    content JSON NOT NULL,                   -- the row
    tested_at TIMESTAMP NOT NULL
);
