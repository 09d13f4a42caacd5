-- Overlap of instructions with test items. The items of a group were all compared, by one method, with all members
-- of the group, so that a later comparison reads only what is new.

CREATE SEQUENCE overlap_group_ids START 1;

CREATE TABLE overlap_groups (
    group_id INTEGER NOT NULL,
    method VARCHAR NOT NULL,                 -- such as '13 words'; of vectors the identity of their signal and the threshold
    compared_at TIMESTAMP NOT NULL
);

CREATE TABLE overlap_items (
    group_id INTEGER NOT NULL,
    instruction_id BIGINT NOT NULL,          -- of a test item, which belongs to one group of a method
    n_words INTEGER                          -- words of the item; NULL where vectors were compared
);

CREATE TABLE overlap_members (
    group_id INTEGER NOT NULL,
    instruction_id BIGINT NOT NULL           -- compared with every item of the group
);

CREATE TABLE overlap_pairs (
    group_id INTEGER NOT NULL,
    instruction_id BIGINT NOT NULL,
    test_instruction_id BIGINT NOT NULL,
    hits BIGINT,                             -- places of the item where a shared run of words begins; NULL of vectors
    share DOUBLE NOT NULL,                   -- share of the item's words in shared runs, or the cosine
    span VARCHAR                             -- longest stretch of the item's words in shared runs; NULL of vectors
);
