-- By month, which is what the table is parted by: ClickHouse knows them without reading.
SELECT min(time), max(time) FROM clicks GROUP BY toYYYYMM(time)
