-- Of the parts that are there already, in the background; until then they are read as before.
ALTER TABLE clicks
    MATERIALIZE PROJECTION by_time
