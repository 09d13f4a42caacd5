-- Where the last assistant message stands, from 1; NULL when there is none.
CREATE OR REPLACE TEMP MACRO last_answer(messages) AS
    len(messages) + 1 - list_position(list_reverse(list_transform(messages, lambda m: m.role)), 'assistant')
