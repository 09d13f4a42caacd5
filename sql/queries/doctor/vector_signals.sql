-- The signals that keep vectors, and the version of the vector table that readers take.
SELECT signals.signal_id, signals.name, signals.lance_table, max(shards.lance_version) AS lance_version
FROM signals
LEFT JOIN shards USING (signal_id)
WHERE signals.lance_table IS NOT NULL
GROUP BY ALL
ORDER BY signals.signal_id
