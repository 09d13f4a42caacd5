SELECT signal_id, kind, name, lance_table
FROM signals
ORDER BY signal_id
