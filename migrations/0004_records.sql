-- A record is kept whole: rejected answers and media belong to the instruction, tools are any text, folded records stay.

ALTER TABLE instructions ALTER COLUMN tools TYPE VARCHAR;  -- any text, the JSON text of a list as a rule
ALTER TABLE instructions ADD COLUMN rejected JSON;         -- [[{role, content, ...}, ...], ...]: each unwanted answer's messages
ALTER TABLE instructions ADD COLUMN media JSON;            -- [{kind, path or sha256, ...}, ...] in the record's order

CREATE TABLE folded_records (
    pool_id INTEGER NOT NULL,
    version INTEGER NOT NULL,                -- of the load that the record came with
    instruction_id BIGINT NOT NULL,          -- the member that stands for it
    file VARCHAR NOT NULL,
    row_number BIGINT NOT NULL,
    source VARCHAR NOT NULL,
    labels VARCHAR[],
    metadata JSON
);

CREATE TABLE media_files (
    pool_id INTEGER NOT NULL,
    version INTEGER NOT NULL,                -- added_version of the membership
    instruction_id BIGINT NOT NULL,
    path VARCHAR,                            -- as the record has it; NULL: bytes without a path
    location VARCHAR,                        -- the file on the machine that registered it; NULL: bytes, kept in the folder media/
    sha256 VARCHAR NOT NULL,
    n_bytes BIGINT NOT NULL,
    recorded_at TIMESTAMP NOT NULL
);

-- Content in parts is a text, not JSON: the texts of its parts, a line each, and a mark such as <image> for the others. The parts
-- stay in extra, which the fingerprint is made of. `catalog.pools.content` makes the same text of a record that is read now.

CREATE TEMP MACRO text_under_0004(part, key) AS
    CASE WHEN json_type(part, key) = 'VARCHAR' THEN part ->> key END;

CREATE TEMP MACRO mark_0004(name) AS
    CASE
        WHEN name IS NULL OR NOT regexp_full_match(name, '[A-Za-z0-9_-]{1,40}') THEN '<part>'
        WHEN contains(lower(name), 'image') THEN '<image>'
        WHEN contains(lower(name), 'video') THEN '<video>'
        WHEN contains(lower(name), 'audio') THEN '<audio>'
        ELSE '<' || name || '>'
    END;

CREATE TEMP MACRO part_text_0004(part) AS
    CASE
        WHEN json_type(part) = 'VARCHAR' THEN part ->> '$'
        WHEN json_type(part) <> 'OBJECT' THEN '<part>'
        ELSE coalesce(
            CASE
                WHEN coalesce(json_type(part, '$.type'), 'NULL') = 'NULL'
                    OR (
                        json_type(part, '$.type') = 'VARCHAR'
                        AND (part ->> '$.type') IN (
                            'text', 'input_text', 'output_text', 'summary_text', 'refusal', 'tool_result',
                            'reasoning', 'reasoning_text', 'thinking'
                        )
                    )
                THEN coalesce(
                    text_under_0004(part, '$.text'),
                    text_under_0004(part, '$.value'),
                    text_under_0004(part, '$.content'),
                    text_under_0004(part, '$.reasoning'),
                    text_under_0004(part, '$.thinking'),
                    text_under_0004(part, '$.refusal')
                )
            END,
            CASE
                WHEN coalesce(json_type(part, '$.type'), 'NULL') = 'NULL' THEN mark_0004(coalesce(json_keys(part)[1], 'part'))
                WHEN json_type(part, '$.type') = 'VARCHAR' THEN mark_0004(part ->> '$.type')
                ELSE '<part>'
            END
        )
    END;

CREATE TEMP MACRO content_0004(message) AS
    CASE
        WHEN coalesce(json_type(message.extra, '$.content'), 'NULL') <> 'ARRAY' THEN message.content
        WHEN message.role = 'tool' AND NOT list_bool_or(list_transform(
            json_extract(message.extra, '$.content[*]'),
            lambda part: json_type(part) = 'VARCHAR' OR coalesce(json_type(part, '$.type'), 'NULL') = 'VARCHAR'
        )) THEN message.content                                -- a list that a tool returned
        ELSE array_to_string(list_transform(json_extract(message.extra, '$.content[*]'), lambda part: part_text_0004(part)), chr(10))
    END;

CREATE TEMP TABLE contents_0004 AS
SELECT instruction_id, new_messages
FROM (
    SELECT
        instruction_id,
        messages,
        list_transform(
            messages,
            lambda message: struct_pack(role := message.role, content := content_0004(message), extra := message.extra)
        ) AS new_messages
    FROM instructions
    WHERE contains(CAST(messages AS VARCHAR), '"content"')
)
WHERE list_transform(messages, lambda message: message.content)
    IS DISTINCT FROM list_transform(new_messages, lambda message: message.content);

UPDATE instructions
SET messages = contents_0004.new_messages
FROM contents_0004
WHERE contents_0004.instruction_id = instructions.instruction_id;

-- A signal that was computed here from such a content would have other values now.

ALTER TABLE signals ADD COLUMN stale VARCHAR;                -- why its values would differ now; NULL: they would not

UPDATE signals
SET stale = 'computed from the JSON of contents in parts, which stand as texts now'
WHERE NOT json_exists(identity, '$.imported')
    AND NOT json_exists(identity, '$.run')
    AND signal_id IN (
        SELECT signal_id
        FROM (
            SELECT signal_id, instruction_id FROM signal_members
            UNION ALL
            SELECT signal_id, instruction_id FROM signal_gaps
            UNION ALL
            SELECT signal_id, instruction_id FROM losses
            UNION ALL
            SELECT signal_id, instruction_id FROM scores
            UNION ALL
            SELECT signal_id, instruction_id FROM signal_labels
        )
        SEMI JOIN contents_0004 USING (instruction_id)
    );

DROP TABLE contents_0004;
DROP MACRO content_0004;
DROP MACRO part_text_0004;
DROP MACRO mark_0004;
DROP MACRO text_under_0004;
