UPDATE signals
SET details = json_merge_patch(coalesce(details, '{}'), $index)
WHERE signal_id = $signal_id
