-- A value's place among those of its group, in (0, 1): the share below it and half the share of its ties.
CREATE OR REPLACE TEMP MACRO quantile_within(the_value, the_group) AS
    (
        rank() OVER (PARTITION BY the_group ORDER BY the_value) - 1
        + 0.5 * count(*) OVER (PARTITION BY the_group, the_value)
    ) / count(*) OVER (PARTITION BY the_group)
