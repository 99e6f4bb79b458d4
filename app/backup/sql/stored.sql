-- The bounds name the partitions.
SELECT uniqExact(click_id) FROM {table:Identifier}
WHERE time >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
    AND time >= (SELECT min(time) FROM restored) AND time <= (SELECT max(time) FROM restored)
    AND ($key) IN (SELECT $key FROM restored)
