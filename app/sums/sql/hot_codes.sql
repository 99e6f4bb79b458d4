-- Of rows, which are as many as clicks or more: a link too many costs a little room.
INSERT INTO hot_codes
SELECT short_code FROM clicks
PREWHERE time >= fromUnixTimestamp64Milli({first_ms:Int64}, 'UTC')
    AND time < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC') AND short_code != ''
GROUP BY short_code
HAVING count() >= {least:UInt64}
