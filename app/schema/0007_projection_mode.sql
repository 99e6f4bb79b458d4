-- A merge that drops older rows of a click computes a projection anew, so that it never tells of
-- another row than the table; by default such a table may have none.
ALTER TABLE clicks
    MODIFY SETTING deduplicate_merge_projection_mode = 'rebuild'
