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
    ADD COLUMN IF NOT EXISTS second_country  LowCardinality(String),
    ADD COLUMN IF NOT EXISTS verdict         LowCardinality(String)
        DEFAULT multiIf(bot IN ('prefetch', 'prerender', 'preview'), 'prefetch', is_bot, 'bot', 'person'),
    ADD COLUMN IF NOT EXISTS reasons         LowCardinality(String),
    ADD COLUMN IF NOT EXISTS rules_version   LowCardinality(String),
    ADD COLUMN IF NOT EXISTS data_version    LowCardinality(String)
