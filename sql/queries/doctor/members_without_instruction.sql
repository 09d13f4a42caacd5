SELECT count(*) || ' members of ' || pools.name || ' have no instruction' AS problem
FROM pool_members
JOIN pools USING (pool_id)
ANTI JOIN instructions USING (instruction_id)
GROUP BY pools.name
