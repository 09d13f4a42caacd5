SELECT rank, fingerprint, prompt, response, why
FROM subset_at($subset_id)
ORDER BY rank
LIMIT $n
