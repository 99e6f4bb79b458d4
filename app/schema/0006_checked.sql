-- When each ledger was last checked. A Redis that was brought back from an older file knows of an
-- earlier check than this, and of nothing missing.
ALTER TABLE beginnings
    ADD COLUMN IF NOT EXISTS checked DateTime64(3, 'UTC') DEFAULT since
