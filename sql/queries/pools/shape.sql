SELECT
    count(*) AS n_members,
    count(*) FILTER (len(messages) > 2) AS n_multi_turn,
    count(system) AS n_with_system,
    count(tools) AS n_with_tools,
    count(rejected) AS n_with_rejected,
    count(media) AS n_with_media,
    count(labels) AS n_with_labels,
    median(length(prompt)) AS median_prompt_characters,
    median(length(response)) AS median_response_characters,
    max(length(prompt)) AS longest_prompt_characters,
    max(length(response)) AS longest_response_characters
FROM pool_at($pool_id, $version)
