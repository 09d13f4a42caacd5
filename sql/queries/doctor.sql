-- name: dangling_tags
SELECT 'tag ' || tags.name || '@' || tags.tag || ' names version ' || tags.version || ', which is not there' AS problem
FROM tags
ANTI JOIN (
    SELECT pools.name, pool_versions.version
    FROM pools
    JOIN pool_versions USING (pool_id)
    UNION ALL
    SELECT name, version
    FROM subsets
) AS there USING (name, version)

-- name: duplicate_fingerprints
SELECT 'instruction ' || fingerprint || ' is stored ' || count(*) || ' times' AS problem
FROM instructions
GROUP BY fingerprint
HAVING count(*) > 1

-- name: folded_records
-- Versions that keep another number of folded records than they say; those made before records were kept have none.
SELECT
    coalesce(pools.name || '@' || kept.version, 'a pool that is not there') || ' says ' || coalesce(pool_versions.n_folded, 0)
        || ' folded records and has ' || kept.n_records || ', ' || kept.n_strange || ' of no member' AS problem
FROM (
    SELECT
        folded_records.pool_id,
        folded_records.version,
        count(*) AS n_records,
        count(*) FILTER (members.instruction_id IS NULL) AS n_strange
    FROM folded_records
    LEFT JOIN (SELECT DISTINCT pool_id, instruction_id FROM pool_members) AS members USING (pool_id, instruction_id)
    GROUP BY folded_records.pool_id, folded_records.version
) AS kept
LEFT JOIN pools USING (pool_id)
LEFT JOIN pool_versions USING (pool_id, version)
WHERE kept.n_records IS DISTINCT FROM pool_versions.n_folded OR kept.n_strange > 0

-- name: lost_references
-- Subsets whose definition read a pool or subset that is not there any more; one of the same name with another number is another.
WITH recorded AS (
    SELECT name || '@' || version AS subset, unnest(json_extract(definition, '$.references[*]')) AS reference
    FROM subsets
),
known AS (
    SELECT 'pool' AS kind, pools.pool_id AS id, pools.name || '@' || pool_versions.version AS reference
    FROM pools
    JOIN pool_versions USING (pool_id)
    UNION ALL
    SELECT 'subset' AS kind, subset_id AS id, name || '@' || version AS reference
    FROM subsets
)
SELECT recorded.subset || ' was made from ' || (recorded.reference ->> 'reference') || ', which is gone' AS problem
FROM recorded
ANTI JOIN known
    ON known.kind = recorded.reference ->> 'kind'
    AND known.id = CAST(recorded.reference ->> 'id' AS BIGINT)
    AND known.reference = recorded.reference ->> 'reference'
ORDER BY problem

-- name: marks
-- Changes that mark an instruction twice, have another mark than good or bad, or take back a change that is not there.
SELECT 'change ' || change || ' of marks is damaged at ' || fingerprint AS problem
FROM marks
GROUP BY change, fingerprint
HAVING count(*) > 1
    OR bool_or(mark NOT IN ('good', 'bad'))
    OR bool_or(undoes IS NOT NULL AND undoes NOT IN (SELECT change FROM marks))

-- name: media_files
-- What was recorded of the media of every pool's newest members, each file once.
SELECT DISTINCT pools.name, media_files.location, media_files.sha256, media_files.n_bytes
FROM media_files
JOIN pools USING (pool_id)
JOIN pool_members
    ON pool_members.pool_id = media_files.pool_id
    AND pool_members.instruction_id = media_files.instruction_id
    AND pool_members.added_version = media_files.version
WHERE pool_members.removed_version IS NULL OR media_files.location IS NULL
ORDER BY ALL

-- name: member_counts
SELECT
    pools.name || '@' || pool_versions.version || ' says ' || pool_versions.n_members || ' members and has ' || count(pool_members.instruction_id) AS problem
FROM pools
JOIN pool_versions USING (pool_id)
LEFT JOIN pool_members
    ON pool_members.pool_id = pool_versions.pool_id
    AND is_member_at(pool_members.added_version, pool_members.removed_version, pool_versions.version)
GROUP BY pools.name, pool_versions.version, pool_versions.n_members
HAVING count(pool_members.instruction_id) <> pool_versions.n_members

-- name: members_without_instruction
SELECT count(*) || ' members of ' || pools.name || ' have no instruction' AS problem
FROM pool_members
JOIN pools USING (pool_id)
ANTI JOIN instructions USING (instruction_id)
GROUP BY pools.name

-- name: overlapping_members
SELECT count(*) || ' members of pool ' || pool_id || ' belong twice to one version' AS problem
FROM (
    SELECT
        pool_id,
        added_version,
        lag(coalesce(removed_version, 2147483647)) OVER (PARTITION BY pool_id, instruction_id ORDER BY added_version) AS removed_before
    FROM pool_members
)
WHERE removed_before > added_version
GROUP BY pool_id

-- name: quarantine_counts
SELECT
    pools.name || '@' || pool_versions.version || ' says ' || pool_versions.n_quarantined || ' quarantined and has ' || count(quarantine.reason) AS problem
FROM pools
JOIN pool_versions USING (pool_id)
LEFT JOIN quarantine USING (pool_id, version)
GROUP BY pools.name, pool_versions.version, pool_versions.n_quarantined
HAVING count(quarantine.reason) <> pool_versions.n_quarantined

-- name: shared_names
SELECT 'the name ' || name || ' is given to ' || count(*) || ' pools or subsets' AS problem
FROM (
    SELECT name
    FROM pools
    UNION ALL
    SELECT DISTINCT name
    FROM subsets
)
GROUP BY name
HAVING count(*) > 1

-- name: subset_counts
SELECT
    subsets.name || '@' || subsets.version || ' says ' || subsets.n_members || ' members and has ' || count(subset_members.rank)
        || ', ranked up to ' || coalesce(max(subset_members.rank), 0) AS problem
FROM subsets
LEFT JOIN subset_members USING (subset_id)
GROUP BY subsets.name, subsets.version, subsets.n_members
HAVING count(subset_members.rank) <> subsets.n_members
    OR count(DISTINCT subset_members.rank) <> subsets.n_members
    OR coalesce(max(subset_members.rank), 0) <> subsets.n_members

-- name: vector_orphans
-- Rows of a vector table that no shard records, by shard.
SELECT shard, count(*) AS n_rows
FROM vector_rows
ANTI JOIN (
    SELECT instruction_id, shard
    FROM signal_members
    WHERE signal_id = $signal_id
) AS recorded USING (instruction_id, shard)
GROUP BY shard
ORDER BY shard

-- name: vector_shards
-- Shards of a signal of which the vector table holds less, or more, than every recorded instruction once.
SELECT shard, count(*) AS n_expected, count(*) FILTER (coalesce(n_rows, 0) = 1) AS n_found
FROM signal_members
LEFT JOIN (
    SELECT instruction_id, shard, count(*) AS n_rows
    FROM vector_rows
    GROUP BY instruction_id, shard
) AS held USING (instruction_id, shard)
WHERE signal_members.signal_id = $signal_id
GROUP BY shard
HAVING n_found < n_expected
ORDER BY shard

-- name: vector_signals
-- The signals that keep vectors, and the version of the vector table that readers take.
SELECT signals.signal_id, signals.name, signals.lance_table, max(shards.lance_version) AS lance_version
FROM signals
LEFT JOIN shards USING (signal_id)
WHERE signals.lance_table IS NOT NULL
GROUP BY ALL
ORDER BY signals.signal_id

-- name: version_gaps
SELECT pools.name || ' has ' || count(*) || ' versions and the newest is ' || max(pool_versions.version) AS problem
FROM pools
LEFT JOIN pool_versions USING (pool_id)
GROUP BY pools.name
HAVING count(pool_versions.version) <> coalesce(max(pool_versions.version), -1)
