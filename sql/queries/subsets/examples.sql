SELECT rank, fingerprint, prompt, response, rejected, media, why
FROM subset_at($subset_id)
ORDER BY rank
LIMIT $n
