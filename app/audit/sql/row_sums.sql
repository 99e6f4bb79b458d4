-- Of rows, of which a click may have several; so it is read from the projection as it is, in one pass.
SELECT intDiv(toUnixTimestamp64Milli(time), 60000) AS minute, count(), sum(sipHash64(click_id))
FROM {clicks:Identifier}
WHERE time >= fromUnixTimestamp64Milli({first_ms:Int64}, 'UTC')
    AND time < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
GROUP BY minute
