-- summary: Number of patterns of personal data in prompt and response.
-- inputs: texts
--
-- Counted are e-mail addresses, telephone numbers with a country code or of the form (012) 345-6789,
-- IPv4 addresses, IBANs, numbers of 13 to 16 digits in groups of four as cards have them, and
-- numbers such as 123-45-6789. Names and postal addresses are not found.

SELECT
    instruction_id,
    len(regexp_extract_all(
        concat_ws(chr(10), prompt, response),
        '(?i)[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}'
        || '|(?:\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?|\(\d{3}\)[ .-]?)\d{2,4}(?:[ .-]?\d{2,4}){1,3}\b'
        || '|\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b'
        || '|\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b'
        || '|\b\d{4}(?:[ -]?\d{4}){2}[ -]?\d{1,4}\b'
        || '|\b\d{3}-\d{2}-\d{4}\b'
    ))::DOUBLE AS value,
    reason
FROM texts
