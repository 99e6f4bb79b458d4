-- `quarter` is that of the hour, counted from midnight.
CREATE TEMPORARY TABLE day_clicks
(
    short_code    LowCardinality(String),
    quarter       UInt8,
    visitor_id    UInt64,
    is_bot        Bool,
    country       LowCardinality(String),
    browser       LowCardinality(String),
    os            LowCardinality(String),
    device        LowCardinality(String),
    referrer_host LowCardinality(String),
    bot           LowCardinality(String),
    language      LowCardinality(String),
    target        LowCardinality(String),
    host          LowCardinality(String),
    source        LowCardinality(String),
    channel       LowCardinality(String),
    verdict       LowCardinality(String)
)
ENGINE = Memory
