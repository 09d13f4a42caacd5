-- A number for shuffling, which a fingerprint and a seed fix for good: ORDER BY shuffle_key(fingerprint, seed) leaves no ties, and sorts faster
-- than uniform_hash and fingerprint. One seed gives one order: for an order unlike that of `random`, put a name before the seed,
-- shuffle_key(fingerprint, 's2l ' || $seed).
CREATE OR REPLACE TEMP MACRO shuffle_key(the_fingerprint, the_seed) AS
    md5_number(the_fingerprint || ':' || the_seed) >> 2 -- its first 126 bits: Arrow, which has no unsigned 128, keeps their order
