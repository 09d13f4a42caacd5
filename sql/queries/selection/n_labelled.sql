-- How many members of a pool or subset have labels, of how many.
SELECT count(*) FILTER (WHERE len(labels) > 0) AS n_labelled, count(*) AS n_members
FROM version_at($kind, $id, $version)
