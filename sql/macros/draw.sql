-- A uniform random number in [0, 1) that a fingerprint and a seed fix for good: the same in every version and on every machine.
-- One seed gives one number: what should not take after `random` draws with its own name before the seed, draw(fingerprint, 's2l ' || $seed).
CREATE OR REPLACE TEMP MACRO draw(the_fingerprint, the_seed) AS
    (md5_number_lower(the_fingerprint || ':' || the_seed) >> 11) / 9007199254740992.0::DOUBLE
