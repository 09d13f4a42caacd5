-- How many proxies of a name were trained here, on whole pools, and gave losses.
SELECT count(*)
FROM signals
WHERE kind = 'losses'
    AND name = $name
    AND stale IS NULL
    AND json_exists(identity, '$.start')
    AND NOT coalesce((details ->> 'is_sample')::BOOLEAN, false)
    AND EXISTS (
        SELECT 1
        FROM signal_members
        WHERE signal_members.signal_id = signals.signal_id
    )
