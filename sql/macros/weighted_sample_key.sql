-- A key for sampling without replacement with probability in proportion to a weight: select the smallest keys (Efraimidis & Spirakis 2006).
CREATE OR REPLACE TEMP MACRO weighted_sample_key(the_fingerprint, the_seed, the_weight) AS
    -ln(1 - uniform_hash(the_fingerprint, the_seed)) / the_weight
