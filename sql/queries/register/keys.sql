-- Fold records that are the same instruction: the first record of each fingerprint stands for all.
CREATE TEMP TABLE keys AS
SELECT fingerprint, min(row_number) AS row_number, count(*) AS n_records
FROM read_parquet(getvariable('staged'))
GROUP BY fingerprint
