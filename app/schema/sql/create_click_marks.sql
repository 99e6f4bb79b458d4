-- When clicks of a day came or went last. Without a window of tokens: a retry marks the day again, as
-- the first try may have marked it before its clicks were stored.
CREATE TABLE IF NOT EXISTS click_marks
(
    day       Date,
    marked_at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree(marked_at)
ORDER BY day
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    non_replicated_deduplication_window = 0, replicated_deduplication_window = 0
