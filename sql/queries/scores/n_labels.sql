-- The pool's own labels where a member has some, else those of a taxonomy ($labels; NULL without one).
SELECT
    instruction_id,
    nullif(
        len(list_distinct(CASE WHEN len(members.labels) > 0 THEN members.labels ELSE signal_labels.labels END)), 0
    )::DOUBLE AS value,
    CASE WHEN coalesce(len(members.labels), 0) + coalesce(len(signal_labels.labels), 0) = 0 THEN 'no_labels' END AS reason
FROM wanted
JOIN members USING (instruction_id)
LEFT JOIN (SELECT instruction_id, labels FROM signal_labels WHERE signal_id = $labels) AS signal_labels USING (instruction_id)
