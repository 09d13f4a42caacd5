-- Members that the load removes and has again with rejected answers or media, which changes their fingerprint.
SELECT count(*)
FROM changes
JOIN instructions USING (instruction_id)
SEMI JOIN read_parquet(getvariable('staged')) AS staged ON staged.plain_fingerprint = instructions.fingerprint
WHERE changes.change = 'removed'
