-- The fingerprint of an instruction: what breaks ties where a query holds only its number.
-- Its columns have names of their own, since those of the argument must not be taken for them.
CREATE OR REPLACE TEMP MACRO fingerprint_of(the_instruction_id) AS
    (
        SELECT found_fingerprint
        FROM (SELECT instruction_id AS found_id, fingerprint AS found_fingerprint FROM instructions)
        WHERE found_id = the_instruction_id
    )
