-- Whether a row of pool_members belongs to a version of its pool.
CREATE OR REPLACE TEMP MACRO is_member_at(the_added_version, the_removed_version, the_version) AS
    the_added_version <= the_version
    AND (the_removed_version IS NULL OR the_removed_version > the_version)
