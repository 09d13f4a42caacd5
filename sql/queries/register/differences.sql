-- In what folded records differ from the member that stands for them: one row for each record and each key. Messages differ where
-- the same instruction is written in another Unicode form, or its JSON texts in another order.
CREATE TEMP TABLE differences AS
WITH entries AS (
    SELECT row_number, TRUE AS is_member, unnest(map_entries(member_metadata::MAP(VARCHAR, JSON))) AS entry
    FROM folded
    WHERE metadata IS DISTINCT FROM member_metadata
    UNION ALL
    SELECT row_number, FALSE AS is_member, unnest(map_entries(metadata::MAP(VARCHAR, JSON))) AS entry
    FROM folded
    WHERE metadata IS DISTINCT FROM member_metadata
),
unequal AS (
    SELECT row_number, entry.key AS key
    FROM entries
    GROUP BY row_number, entry.key, entry.value
    HAVING count(*) = 1
)
SELECT DISTINCT row_number, key
FROM unequal
UNION
SELECT row_number, 'source'
FROM folded
WHERE source <> member_source
UNION
SELECT row_number, 'labels'
FROM folded
WHERE labels IS DISTINCT FROM member_labels
UNION
SELECT row_number, 'messages'
FROM folded
WHERE is_spelt_otherwise
