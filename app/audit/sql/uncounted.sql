SELECT DISTINCT toUnixTimestamp64Milli(time), click_id FROM {clicks:Identifier}
WHERE time >= fromUnixTimestamp64Milli({first_ms:Int64}, 'UTC')
    AND time < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
    AND intDiv(toUnixTimestamp64Milli(time), 60000) IN (SELECT minute FROM wanted)
    AND (time, click_id) NOT IN (
        SELECT time, click_id FROM {ledger:Identifier}
        WHERE time >= fromUnixTimestamp64Milli({first_ms:Int64}, 'UTC')
            AND time < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
            AND intDiv(toUnixTimestamp64Milli(time), 60000) IN (SELECT minute FROM wanted)
    )
