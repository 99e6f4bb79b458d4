-- One row for each click that a consumer took on, written before the click itself: so a click that
-- is missing from clicks can be named, and so can one that nobody counted. A row may be there
-- twice; under FINAL it is one. Kept for as long as anybody looks back; 16 bytes a click last.
CREATE TABLE IF NOT EXISTS ledger
(
    click_id FixedString(16) CODEC(ZSTD(1)),
    time     DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(time)
ORDER BY (time, click_id)
TTL toDateTime(time) + toIntervalDay(35)
SETTINGS ttl_only_drop_parts = 1
