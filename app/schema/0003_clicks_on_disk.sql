-- A confirmed insert is on disk: each part is synced before the insert is answered, and a merged part
-- before the parts that it replaces are removed, which may be at once.
ALTER TABLE clicks
    MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
