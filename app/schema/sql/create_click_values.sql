-- Sums of closed days by link and by what their clicks came with: a value of a dimension.
CREATE TABLE IF NOT EXISTS click_values
(
    short_code   String CODEC(ZSTD(1)),
    dimension    LowCardinality(String),
    day          Date CODEC(Delta, ZSTD(1)),
    value        String CODEC(ZSTD(1)),
    version      UInt64 CODEC(ZSTD(1)),
    clicks       UInt32 CODEC(ZSTD(1)),
    humans       UInt32 CODEC(ZSTD(1)),
    visitors     UInt32 CODEC(ZSTD(1)),
    bot_visitors UInt32 CODEC(ZSTD(1))
)
ENGINE = SummingMergeTree
PARTITION BY toYYYYMM(day)
PRIMARY KEY (short_code, dimension, day)
ORDER BY (short_code, dimension, day, value, version)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
