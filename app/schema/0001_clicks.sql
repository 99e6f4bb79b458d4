-- One row a click. Only what the producer fixed before its first try stands in the partition and
-- the sorting key, so that a click inserted again, with newer enrichment, replaces its older row.
CREATE TABLE IF NOT EXISTS clicks
(
    click_id      FixedString(16) CODEC(ZSTD(1)),
    time          DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    short_code    String CODEC(ZSTD(1)),
    target        String CODEC(ZSTD(3)),
    ip            IPv6 CODEC(ZSTD(1)),
    visitor_id    UInt64 CODEC(ZSTD(1)),
    country       LowCardinality(String),
    browser       LowCardinality(String),
    os            LowCardinality(String),
    device        LowCardinality(String),
    is_bot        Bool,
    bot           LowCardinality(String),
    referrer_host LowCardinality(String),
    referrer      String CODEC(ZSTD(3)),
    user_agent    String CODEC(ZSTD(3)),
    host          LowCardinality(String),
    language      LowCardinality(String),
    geo_version   LowCardinality(String),
    enriched_at   DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(enriched_at)
PARTITION BY toYYYYMM(time)
ORDER BY (short_code, time, click_id)
SETTINGS non_replicated_deduplication_window = 10000
