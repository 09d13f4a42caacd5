-- The members of a subset come from one or several pools, and a member may stand in it several times.

CREATE TABLE subset_sources (
    subset_id INTEGER NOT NULL,
    part INTEGER NOT NULL,                   -- from 1
    pool_id INTEGER NOT NULL,
    pool_version INTEGER NOT NULL
);

INSERT INTO subset_sources (subset_id, part, pool_id, pool_version)
SELECT subset_id, 1, pool_id, pool_version
FROM subsets;

ALTER TABLE subset_members ADD COLUMN part INTEGER DEFAULT 1;    -- the source that the member comes from
ALTER TABLE subset_members ADD COLUMN copies INTEGER DEFAULT 1;  -- how many rows the member is
ALTER TABLE subsets DROP COLUMN pool_id;
ALTER TABLE subsets DROP COLUMN pool_version;
ALTER TABLE subsets ADD COLUMN group_name VARCHAR;               -- of subsets that belong together; NULL: none
