SELECT count(*)
FROM members_of($kind, $id, $version)
JOIN signal_gaps USING (instruction_id)
WHERE signal_gaps.signal_id = $signal_id
