-- DISTINCT and not FINAL, which can't use the projection.
SELECT intDiv(toUnixTimestamp64Milli(time), 60000) AS minute, count(), sum(sipHash64(click_id))
FROM (
    SELECT DISTINCT time, click_id FROM {clicks:Identifier}
    WHERE time >= fromUnixTimestamp64Milli({first_ms:Int64}, 'UTC')
        AND time < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
        AND intDiv(toUnixTimestamp64Milli(time), 60000) IN (SELECT minute FROM wanted)
)
GROUP BY minute
