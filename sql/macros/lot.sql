-- A number for shuffling, which a fingerprint and a seed fix for good: ORDER BY lot(fingerprint, seed) leaves no ties, and sorts faster
-- than draw and fingerprint. One seed gives one order: what should not take after `random` names itself first, lot(fingerprint, 's2l ' || $seed).
CREATE OR REPLACE TEMP MACRO lot(the_fingerprint, the_seed) AS
    md5_number(the_fingerprint || ':' || the_seed) >> 2 -- its first 126 bits: Arrow, which has no unsigned 128, keeps their order
