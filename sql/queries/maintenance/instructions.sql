-- What a fingerprint is of.
SELECT fingerprint, messages, system, tools, rejected, media
FROM instructions
