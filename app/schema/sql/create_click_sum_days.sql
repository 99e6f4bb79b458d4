-- Versions of the days' sums, and how far each has come (app/sums/days.py, State): of a version's rows
-- the one with the highest state counts.
CREATE TABLE IF NOT EXISTS click_sum_days
(
    day          Date,
    version      UInt64,
    state        UInt8,
    marks_before DateTime('UTC'),
    at           DateTime64(3, 'UTC') DEFAULT now64(3),
    clicks       UInt64,
    humans       UInt64,
    revision     UInt16
)
ENGINE = ReplacingMergeTree(state)
ORDER BY (day, version)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
