-- The prompt as one text: what stands before the response; every turn named by its role when there are several.
CREATE OR REPLACE TEMP MACRO prompt_of(messages) AS
    CASE
        WHEN coalesce(last_answer(messages), len(messages) + 1) = 2 THEN messages[1].content
        ELSE array_to_string(
            list_transform(
                messages[1 : coalesce(last_answer(messages), len(messages) + 1) - 1],
                lambda m: m.role || ': ' || m.content
            ),
            chr(10) || chr(10)
        )
    END
