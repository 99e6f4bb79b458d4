-- The bounds name the partitions and the beginning of the primary key.
SELECT uniqExact(click_id) FROM {table:Identifier}
WHERE time >= fromUnixTimestamp64Milli({first_ms:Int64}, 'UTC')
    AND time <= fromUnixTimestamp64Milli({last_ms:Int64}, 'UTC')
    AND short_code IN (SELECT short_code FROM wanted)
    AND click_id IN (SELECT click_id FROM wanted)
