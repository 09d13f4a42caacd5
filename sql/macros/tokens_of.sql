-- The words of a text in order, in lower case: runs of letters, marks and digits. A letter of a script that is written without spaces
-- (Han, Kana, Thai, Lao, Khmer, Myanmar) and a symbol such as an emoji stand alone. Nothing is stemmed and no word is left out.
CREATE OR REPLACE TEMP MACRO tokens_of(the_text) AS
    regexp_extract_all(
        lower(nfc_normalize(the_text)),
        '(?:\p{N}|[^\P{L}\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*)+|\p{L}\p{M}*|\p{So}'
    )
