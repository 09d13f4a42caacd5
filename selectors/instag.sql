-- summary: Take the members with most tags first, as long as each brings a new one.
-- paper: InsTag, arXiv 2308.07074, Algorithm 1 (complexity-first diverse sampling)
-- needs: labels of the records

SELECT instruction_id, n_tags, pass_number, n_new_tags
FROM instag((SELECT instruction_id, fingerprint, labels FROM pool($pool)), budget => $budget)
ORDER BY rank
