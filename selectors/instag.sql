-- summary: Take the members with most tags first, as long as each brings a new one.
-- paper: InsTag, arXiv 2308.07074, Algorithm 1 (complexity-first diverse sampling)
-- needs: labels of the records
-- param: labels text = NULL            labels of this name, such as those of the judge `instag`; NULL: the records' own

SELECT instruction_id, n_tags, pass_number, n_new_tags
FROM instag(
    (SELECT instruction_id, fingerprint, labels FROM labels($pool, name => $labels)), budget => $budget
)
ORDER BY rank
