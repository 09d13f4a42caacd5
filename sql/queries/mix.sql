-- name: parts
-- What a mixture took of each part, in the catalog's dialect.
SELECT
    pool,
    any_value(ran_out) AS ran_out,
    count(*) FILTER (copies > 0) AS n_members,
    coalesce(sum(copies), 0)::BIGINT AS n_rows,
    coalesce(sum(copies * n_tokens), 0)::BIGINT AS achieved,
    coalesce(sum(n_tokens), 0)::BIGINT AS available
FROM mixture((SELECT * FROM members), parts => $parts, budget => $size, caps => $caps)
GROUP BY pool
ORDER BY pool
