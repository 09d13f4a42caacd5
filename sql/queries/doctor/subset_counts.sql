SELECT
    subsets.name || '@' || subsets.version || ' says ' || subsets.n_members || ' members and has ' || count(subset_members.rank)
        || ', ranked up to ' || coalesce(max(subset_members.rank), 0) AS problem
FROM subsets
LEFT JOIN subset_members USING (subset_id)
GROUP BY subsets.name, subsets.version, subsets.n_members
HAVING count(subset_members.rank) <> subsets.n_members
    OR count(DISTINCT subset_members.rank) <> subsets.n_members
    OR coalesce(max(subset_members.rank), 0) <> subsets.n_members
