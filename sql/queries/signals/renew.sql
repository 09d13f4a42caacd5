-- Make a signal the newest of all, whatever the clock says.
UPDATE signals
SET created_at = greatest(now() AT TIME ZONE 'UTC', (SELECT max(created_at) + INTERVAL 1 MICROSECOND FROM signals))
WHERE signal_id = $signal_id
