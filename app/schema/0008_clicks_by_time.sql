-- The clicks once more by time, as the ledger has them: who compares the two reads an hour's rows, not
-- a month's. ClickHouse keeps it in each part, through retries, merges, mutations and lifetimes.
ALTER TABLE clicks
    ADD PROJECTION IF NOT EXISTS by_time (SELECT time, click_id ORDER BY time, click_id)
