-- Sums of closed days by link and quarter of an hour, '' for all links together. A key may have several
-- rows, which add up; which version of a day counts, click_sum_days says.
CREATE TABLE IF NOT EXISTS click_sums
(
    short_code             String CODEC(ZSTD(1)),
    time                   DateTime('UTC') CODEC(Delta, ZSTD(1)),
    version                UInt64 CODEC(ZSTD(1)),
    clicks                 UInt32 CODEC(ZSTD(1)),
    humans                 UInt32 CODEC(ZSTD(1)),
    visitors_first_of_day  UInt32 CODEC(ZSTD(1)),
    visitors_last_of_day   UInt32 CODEC(ZSTD(1)),
    visitors_first_of_hour UInt32 CODEC(ZSTD(1))
)
ENGINE = SummingMergeTree
PARTITION BY toYYYYMM(time)
PRIMARY KEY (short_code, time)
ORDER BY (short_code, time, version)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
