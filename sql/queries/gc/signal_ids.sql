SELECT signal_id, name
FROM signals
