-- Signals that had values and have none of any instruction that stays, which no subset was made of and nothing that stays is made of.
-- `$dead` are signals that go anyway. A proxy stays as long as another signal was computed with a model of its name.
WITH used AS (
    SELECT DISTINCT signal_id
    FROM (
        SELECT signal_id, instruction_id FROM signal_members
        UNION ALL
        SELECT signal_id, instruction_id FROM signal_gaps
        UNION ALL
        SELECT signal_id, instruction_id FROM losses
        UNION ALL
        SELECT signal_id, instruction_id FROM scores
        UNION ALL
        SELECT signal_id, instruction_id FROM signal_labels
    )
    ANTI JOIN unreferenced USING (instruction_id)
),
staying AS (
    SELECT signal_id, kind, identity
    FROM signals
    WHERE NOT list_contains($dead, signal_id)
)
SELECT signals.signal_id, signals.kind || ' ' || signals.name AS signal
FROM signals
SEMI JOIN shards USING (signal_id)
ANTI JOIN used USING (signal_id)
WHERE NOT list_contains($dead, signals.signal_id)
    AND NOT EXISTS (SELECT 1 FROM subsets WHERE contains(CAST(subsets.definition AS VARCHAR), signals.identity_sha256))
    AND NOT EXISTS (
        SELECT 1
        FROM staying
        WHERE staying.signal_id <> signals.signal_id
            AND (
                contains(CAST(staying.identity AS VARCHAR), signals.identity_sha256)
                OR (signals.kind = 'losses' AND staying.kind <> 'losses' AND staying.identity ->> 'model' = signals.name)
            )
    )
ORDER BY signals.signal_id
