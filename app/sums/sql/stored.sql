-- A month at rest is one part, which FINAL reads as it is.
SELECT toDate(time) AS day, count() FROM clicks FINAL
PREWHERE time >= fromUnixTimestamp64Milli({first_ms:Int64}, 'UTC')
    AND time < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
GROUP BY day
