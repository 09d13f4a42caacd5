-- Which pools had a member whose fingerprint begins so, and in which versions.
SELECT pools.name, pool_members.added_version, pool_members.removed_version
FROM instructions
JOIN pool_members USING (instruction_id)
JOIN pools USING (pool_id)
WHERE starts_with(instructions.fingerprint, $prefix)
ORDER BY pool_members.pool_id = $pool_id DESC, pools.name, pool_members.added_version
LIMIT 4
