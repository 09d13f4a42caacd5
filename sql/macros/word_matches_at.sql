-- The members of a pool or subset that hold a word of a text, ranked by BM25: DuckDB's side of matches('name@version', text => ...).
-- A prompt and a response are two fields; a score is the sum over both fields and over the text's distinct words, each
--     ln(1 + (n - df + 0.5) / (df + 0.5)) * tf * (k1 + 1) / (tf + k1 * (1 - b + b * length / mean length)),  k1 = 1.2, b = 0.75
-- (Robertson & Zaragoza 2009): n members, df of whom hold the word in the field; lengths are in characters.
CREATE OR REPLACE TEMP MACRO word_matches_at(the_kind, the_id, the_version, the_text) AS TABLE
WITH members AS (
    SELECT
        instructions.instruction_id,
        instructions.fingerprint,
        prompt_of(instructions.messages) AS prompt,
        coalesce(response_of(instructions.messages), '') AS response
    FROM members_of(the_kind, the_id, the_version)
    JOIN instructions USING (instruction_id)
),
fields AS (
    SELECT instruction_id, fingerprint, 1 AS field, lower(nfc_normalize(prompt)) AS text
    FROM members
    UNION ALL
    SELECT instruction_id, fingerprint, 2 AS field, lower(nfc_normalize(response)) AS text
    FROM members
),
lengths AS MATERIALIZED (
    SELECT field, count(*) AS n, sum(length(text)) AS total
    FROM fields
    GROUP BY field
),
words AS MATERIALIZED (
    SELECT DISTINCT unnest(tokens_of(the_text)) AS word
),
held AS MATERIALIZED (
    SELECT
        fields.instruction_id,
        fields.fingerprint,
        fields.field,
        words.word,
        length(fields.text) AS n_characters,
        len(list_filter(tokens_of(fields.text), lambda token: token = words.word)) AS tf
    FROM fields
    JOIN words ON contains(fields.text, words.word)
),
frequencies AS (
    SELECT field, word, count(*) AS df
    FROM held
    WHERE tf > 0
    GROUP BY field, word
),
parts AS (
    SELECT
        held.instruction_id,
        held.fingerprint,
        held.field,
        held.word,
        ln(1 + (lengths.n - frequencies.df + 0.5::DOUBLE) / (frequencies.df + 0.5::DOUBLE)) * held.tf * 2.2::DOUBLE
            / (held.tf + 1.2::DOUBLE * (0.25::DOUBLE + 0.75::DOUBLE * held.n_characters * lengths.n / lengths.total)) AS part
    FROM held
    JOIN frequencies USING (field, word)
    JOIN lengths USING (field)
    WHERE held.tf > 0
),
scored AS (
    SELECT
        instruction_id,
        fingerprint,
        round(list_sum(list(part ORDER BY field, word)), 9) AS score -- in one order, so that its bits repeat
    FROM parts
    GROUP BY instruction_id, fingerprint
)
SELECT
    instruction_id,
    fingerprint,
    score,
    row_number() OVER (ORDER BY score DESC, fingerprint) AS rank
FROM scored
