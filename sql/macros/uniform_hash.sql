-- A uniform random number in [0, 1) that a fingerprint and a seed fix for good: the same in every version and on every machine.
-- One seed gives one number: for numbers unlike those of `random`, put a name before the seed, uniform_hash(fingerprint, 's2l ' || $seed).
CREATE OR REPLACE TEMP MACRO uniform_hash(the_fingerprint, the_seed) AS
    (md5_number(the_fingerprint || ':' || the_seed) >> 75) / 9007199254740992.0::DOUBLE -- the last 64 bits, a third of the time of md5_number_lower
