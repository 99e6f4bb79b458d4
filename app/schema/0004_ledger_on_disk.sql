-- As of clicks: who looks for what a crash of the machine took has only the ledger to go by.
ALTER TABLE ledger
    MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
