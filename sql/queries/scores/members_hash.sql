-- What a score that depends on the members as a whole depends on; in no order, so that none has to be made.
SELECT bit_xor(md5_number(concat_ws(chr(31), fingerprint, source, array_to_string(labels, chr(30)))))::VARCHAR
FROM members
