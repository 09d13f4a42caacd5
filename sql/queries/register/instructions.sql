INSERT INTO instructions (instruction_id, fingerprint, messages, system, tools, rejected, media)
SELECT fresh.instruction_id, staged.fingerprint, staged.messages, staged.system, staged.tools, staged.rejected, staged.media
FROM read_parquet(getvariable('staged')) AS staged
JOIN fresh USING (row_number)
