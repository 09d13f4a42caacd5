-- A record is kept whole: rejected answers and media belong to the instruction, tools are any text, folded records stay.

ALTER TABLE instructions ALTER COLUMN tools TYPE VARCHAR;  -- any text, the JSON text of a list as a rule
ALTER TABLE instructions ADD COLUMN rejected JSON;         -- [[{role, content, ...}, ...], ...]: each unwanted answer's messages
ALTER TABLE instructions ADD COLUMN media JSON;            -- [{kind, path or sha256, ...}, ...] in the record's order

CREATE TABLE folded_records (
    pool_id INTEGER NOT NULL,
    version INTEGER NOT NULL,                -- of the load that the record came with
    instruction_id BIGINT NOT NULL,          -- the member that stands for it
    file VARCHAR NOT NULL,
    row_number BIGINT NOT NULL,
    source VARCHAR NOT NULL,
    labels VARCHAR[],
    metadata JSON
);

CREATE TABLE media_files (
    pool_id INTEGER NOT NULL,
    version INTEGER NOT NULL,                -- added_version of the membership
    instruction_id BIGINT NOT NULL,
    path VARCHAR,                            -- as the record has it; NULL: bytes without a path
    location VARCHAR,                        -- the file on the machine that registered it; NULL: bytes, kept in the folder media/
    sha256 VARCHAR NOT NULL,
    n_bytes BIGINT NOT NULL,
    recorded_at TIMESTAMP NOT NULL
);
