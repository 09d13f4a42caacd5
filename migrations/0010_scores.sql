-- Users add derived scores.

CREATE TABLE score_definitions (
    name VARCHAR NOT NULL,                   -- kept by `catalog scores add`
    text VARCHAR NOT NULL,                   -- the file, header and comments included
    added_at TIMESTAMP NOT NULL
);
