-- Whether a point lies inside an outline, a list of corners [x, y]: an odd number of edges is to its right.
-- The page of `catalog browse` computes the same steps in the same order, so that both agree on every point.
CREATE OR REPLACE TEMP MACRO is_inside(the_x, the_y, the_outline) AS
    list_sum(
        list_transform(
            range(1, len(the_outline) + 1),
            lambda i: (
                ((the_outline[i][2]::DOUBLE > the_y::DOUBLE) <> (the_outline[i % len(the_outline) + 1][2]::DOUBLE > the_y::DOUBLE))
                AND the_x::DOUBLE < the_outline[i][1]::DOUBLE
                    + (the_y::DOUBLE - the_outline[i][2]::DOUBLE)
                    * (the_outline[i % len(the_outline) + 1][1]::DOUBLE - the_outline[i][1]::DOUBLE)
                    / (the_outline[i % len(the_outline) + 1][2]::DOUBLE - the_outline[i][2]::DOUBLE)
            )::INTEGER
        )
    ) % 2 = 1
