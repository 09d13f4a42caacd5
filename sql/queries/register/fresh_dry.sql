-- What register/fresh finds, on a catalog that must not change: their ids are stand-ins below zero.
CREATE TEMP TABLE fresh AS
SELECT -1 - keys.row_number AS instruction_id, keys.row_number
FROM keys
ANTI JOIN instructions USING (fingerprint)
