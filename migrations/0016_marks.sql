-- Marks that people give to instructions. Every change adds rows, and the newest row of a fingerprint holds, so
-- that a selection can be made again from the marks that it read.

CREATE TABLE marks (
    change BIGINT NOT NULL,                  -- number of the change, from 1; one change marks one or more instructions
    fingerprint VARCHAR NOT NULL,            -- the instruction need not be there any more
    mark VARCHAR,                            -- good or bad; NULL: none
    note VARCHAR,                            -- NULL: none
    undoes BIGINT,                           -- the change that this one takes back
    marked_at TIMESTAMP NOT NULL
);
