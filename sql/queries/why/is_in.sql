SELECT count(*) > 0
FROM members_of($kind, $id, $version)
WHERE instruction_id = $instruction_id
