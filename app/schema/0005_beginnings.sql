-- When the ledgers in Redis began, by stream and group: one row for each. If Redis loses all that it
-- held, its next ledger knows of nothing missing, but finds here that it is not the first.
CREATE TABLE IF NOT EXISTS beginnings
(
    stream         String,
    consumer_group String,
    since          DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (stream, consumer_group, since)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
