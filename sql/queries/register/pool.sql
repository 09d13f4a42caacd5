INSERT INTO pools (pool_id, name, is_prompts_only, created_at)
VALUES ($pool_id, $name, $is_prompts_only, now() AT TIME ZONE 'UTC')
