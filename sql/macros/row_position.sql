-- Where one copy of a member stands among the rows of its subset, in (0, 1): the copies of a member are spread evenly, each pass in the
-- order of the ranks. Copies count from 0.
CREATE OR REPLACE TEMP MACRO row_position(the_rank, the_number_of_members, the_copy, the_number_of_copies) AS
    (the_copy + (the_rank - 0.5::DOUBLE) / the_number_of_members) / the_number_of_copies
