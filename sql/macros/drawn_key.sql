-- Draw without replacement with probability in proportion to a weight: take the smallest of these keys (Efraimidis & Spirakis 2006).
CREATE OR REPLACE TEMP MACRO drawn_key(the_fingerprint, the_seed, the_weight) AS
    -ln(1 - draw(the_fingerprint, the_seed)) / the_weight
