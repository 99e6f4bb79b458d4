SELECT DISTINCT toDate(time) FROM clicks
WHERE time >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
    AND time < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
    AND click_id IN (SELECT click_id FROM wanted)
