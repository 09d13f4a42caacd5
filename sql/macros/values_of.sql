-- The values of an expression as a list of texts: the elements of a list, else the value itself; none of NULL and false.
CREATE OR REPLACE TEMP MACRO values_of(the_value) AS
    list_filter(
        CASE
            WHEN json_type(to_json(the_value)) = 'ARRAY' THEN CAST(to_json(the_value) AS VARCHAR[])
            ELSE [CAST(the_value AS VARCHAR)]
        END,
        lambda element: element IS NOT NULL AND element <> 'false'
    )
