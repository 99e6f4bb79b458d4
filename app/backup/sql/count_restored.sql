-- All clicks that are to be restored, and those that the table doesn't forget.
SELECT uniqExact(click_id),
    uniqExactIf(click_id, time >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC'))
FROM restored
