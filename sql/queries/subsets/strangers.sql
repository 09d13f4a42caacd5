SELECT count(*)
FROM chosen
ANTI JOIN members_of($kind, $id, $version) USING (instruction_id)
