-- A subset keeps the text and the budget that made it as they were given.

ALTER TABLE subsets ADD COLUMN selector_text VARCHAR;        -- the selector's file, header and comments included; NULL: made by 0.1
ALTER TABLE subsets ADD COLUMN budget_asked VARCHAR;         -- such as 10% or all; NULL: made by 0.1, which kept the number alone
