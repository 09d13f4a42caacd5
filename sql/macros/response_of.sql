-- The response: the last assistant message; NULL when there is none.
CREATE OR REPLACE TEMP MACRO response_of(messages) AS
    messages[last_answer(messages)].content
