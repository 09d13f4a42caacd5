-- The sha256 of every medium that an instruction refers to; not those of instructions that are swept.
SELECT DISTINCT unnest(
    json_extract_string(media, '$[*].sha256') || json_extract_string(media, '$[*].frames[*].sha256')
) AS sha256
FROM instructions
ANTI JOIN unreferenced USING (instruction_id)
WHERE media IS NOT NULL
