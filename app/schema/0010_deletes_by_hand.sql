-- Whoever deletes by DELETE FROM has parts without the projection, which are read as before there was
-- one; by default the server refuses it, and to rebuild it that way keeps deleted rows (ClickHouse
-- #111791). ALTER TABLE … DELETE, as hopline erase does it, keeps the projection.
ALTER TABLE clicks
    MODIFY SETTING lightweight_mutation_projection_mode = 'drop'
