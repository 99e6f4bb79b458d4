-- Links, of which only what is looked for and sorted by is here. The text is what is searched, in small
-- letters: code, target and title, a line each. Tags stand between blanks.
CREATE TABLE links (
    id INTEGER PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    created_ms INTEGER NOT NULL,
    state INTEGER NOT NULL,
    expires_at INTEGER,
    click_limit INTEGER,
    tags TEXT NOT NULL,
    text TEXT NOT NULL,
    clicks INTEGER NOT NULL DEFAULT 0,
    last_click_ms INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX by_created ON links (created_ms, code);
CREATE INDEX by_clicks ON links (clicks, code);
CREATE INDEX by_last_click ON links (last_click_ms, code);
CREATE INDEX by_state ON links (state) WHERE state > 0;
CREATE INDEX by_expiry ON links (expires_at) WHERE expires_at IS NOT NULL AND state IN (0, 4);
CREATE INDEX by_limit ON links (id) WHERE click_limit IS NOT NULL AND state = 0;
CREATE TABLE tagged (tag TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (tag, id)) WITHOUT ROWID;
-- Every three characters that follow each other in a text (https://www.sqlite.org/fts5.html).
CREATE VIRTUAL TABLE texts USING fts5 (
    text, content = 'links', content_rowid = 'id', detail = none, columnsize = 0,
    tokenize = "trigram case_sensitive 1"
);
-- Lines of the trail that were taken in last: a digest of what they said, and codes between blanks.
CREATE TABLE lines (
    id TEXT PRIMARY KEY, ms INTEGER NOT NULL, number INTEGER NOT NULL,
    digest BLOB NOT NULL, codes TEXT NOT NULL
);
CREATE TABLE facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
