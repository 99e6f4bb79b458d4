ALTER TABLE clicks
    ADD COLUMN IF NOT EXISTS source          LowCardinality(String),
    ADD COLUMN IF NOT EXISTS channel         LowCardinality(String),
    ADD COLUMN IF NOT EXISTS referrer_domain LowCardinality(String),
    ADD COLUMN IF NOT EXISTS utm_source      LowCardinality(String),
    ADD COLUMN IF NOT EXISTS utm_medium      LowCardinality(String),
    ADD COLUMN IF NOT EXISTS utm_campaign    LowCardinality(String),
    ADD COLUMN IF NOT EXISTS utm_term        LowCardinality(String),
    ADD COLUMN IF NOT EXISTS utm_content     LowCardinality(String),
    ADD COLUMN IF NOT EXISTS click_ids       LowCardinality(String),
    ADD COLUMN IF NOT EXISTS region          LowCardinality(String),
    ADD COLUMN IF NOT EXISTS city            LowCardinality(String),
    ADD COLUMN IF NOT EXISTS asn             LowCardinality(String),
    ADD COLUMN IF NOT EXISTS second_country  LowCardinality(String)
